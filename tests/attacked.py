"""Grade attacks as a class is graded, among things that no learner may see.

An attack is a file below `tests/attacks`. Its first line says what it tries and what the test `test_double` must say of
it. Its first cell (cells begin at lines `# %%`) stands in for the exercise `double`, the others are cells that the
learner added. `greet` is solved honestly, and must pass whatever happens to `double`, unless the first line says more.
Words between at signs, as in "@gradebook@", are replaced by paths of what must not be read.

Attacks with files, in `tests/attacks/files`, are scripts that spoil an honest submission: they know its `folder`, its
`notebook`, the `places` that must not be read, and how to `hand_in` another solution and to `change` the notebook.
Those in `tests/attacks/adapters` spoil a sound adapter; a file's name says at which rung of the ladder it must stop.
"""

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import solution_notebook, source_notebook
from autograder.cells import SETUP
from autograder.judging.grading import Graded, Work, grade_submission
from autograder.judging.limits import Limits
from autograder.judging.options import KernelOptions
from autograder.sandbox.host import SandboxedKernel
from autograder.sandbox.isolation import tree

ATTACKS = Path(__file__).parent / "attacks"
TARGET = read_lesson(ATTACKS / "lesson92_target")
TOOLS = (ATTACKS / "tools.py").read_text(encoding="utf-8")
EXPECTED = re.compile(r"# (?P<tries>.+)\. Expected: (?P<double>[a-z ]+)(, then (?P<greet>[a-z ]+))?\.")
MISTAKE = re.compile(r"\b(?:Attribute|Import|Indentation|ModuleNotFound|Name|Syntax|Type|UnboundLocal)Error\b")
SEED = 918_273_645_546
LIMITS = Limits(seconds=30, cpu_seconds=20, memory_mb=192, processes=40, open_files=128, file_mb=8, disk_mb=16)


@dataclass(frozen=True)
class Attack:
    """One file of the corpus."""

    path: Path

    @property
    def name(self) -> str:
        """Name it by its theme and its file."""
        return f"{self.path.parent.name}: {self.path.stem.replace('_', ' ')}"

    @property
    def expected(self) -> dict[str, str]:
        """Return the state that each test must get."""
        first = self.path.read_text(encoding="utf-8").split("\n", 1)[0]
        found = EXPECTED.fullmatch(first)
        assert found, f"{self.path}: the first line must be like `# Tries this. Expected: failed.`"
        return {"test_double": found["double"], "test_greet": found["greet"] or "passed"}

    def cells(self, places: dict[str, Path]) -> list[str]:
        """Return the cells' sources, knowing all `places`."""
        text = self.path.read_text(encoding="utf-8")
        for name, place in places.items():
            text = text.replace(f"@{name}@", str(place))
        text = re.sub(r"^from tools import .*\n", lambda _: TOOLS, text, flags=re.MULTILINE)
        return re.split(r"^# %%\n", text, flags=re.MULTILINE)

    def spoil(self, room: "Classroom", folder: Path) -> None:
        """Run a script that makes a hostile submission of an honest one."""
        notebook = folder / f"{TARGET.name}.ipynb"

        def hand_in(source: str) -> None:
            nbformat.write(room.notebook([source]), notebook)

        def change(how) -> None:
            data = json.loads(notebook.read_text(encoding="utf-8"))
            how(data)
            notebook.write_text(json.dumps(data), encoding="utf-8")

        names = {"folder": folder, "notebook": notebook, "places": room.places, "hand_in": hand_in, "change": change}
        exec(compile(self.path.read_text(encoding="utf-8"), self.path, "exec"), names)


def attacks(*themes: str) -> list[Attack]:
    """List the attacks of some themes."""
    return [Attack(path) for theme in themes for path in sorted((ATTACKS / theme).glob("*.py"))]


@dataclass
class Classroom:
    """A grader at work: a class folder full of what nobody may read, and a warm process."""

    folder: Path
    options: KernelOptions
    places: dict[str, Path] = field(default_factory=dict)
    started: list[int] = field(default_factory=list)
    """Processes of all kernels so far, as they were when each kernel was closed."""

    def __post_init__(self):
        self.source = self.folder / "class" / "source" / TARGET.name
        self.source.mkdir(parents=True)
        nbformat.write(_quick(source_notebook(TARGET)), self.source / f"{TARGET.name}.ipynb")
        self.places["master"] = self.source / f"{TARGET.name}.ipynb"
        for name, place in {
            "gradebook": "class/gradebook.db",
            "seed": "class/.grading_seed",
            "other": "class/submitted/ada/lesson92_target/answer.txt",
            "home": "home/.netrc",
        }.items():
            self.places[name] = path = self.folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"canary-{name}")

    def hand_in(self, name: str, cells: list[str]) -> Path:
        """Put a submission into the class folder; no cells are an honest one."""
        folder = self.folder / "class" / "submitted" / name / TARGET.name
        folder.mkdir(parents=True)
        nbformat.write(self.notebook(cells), folder / f"{TARGET.name}.ipynb")
        return folder

    def notebook(self, cells: list[str]):
        """Make a notebook with these cells in the place of `double`."""
        notebook = _quick(solution_notebook(TARGET, {"double": cells[0]} if cells else {}))
        place = next(number for number, cell in enumerate(notebook.cells) if cell.get("id") == "double")
        notebook.cells[place + 1 : place + 1] = [nbformat.v4.new_code_cell(source) for source in cells[1:]]
        return notebook

    def grade(self, folder: Path, options: KernelOptions | None = None) -> Graded:
        """Grade one submission."""
        return grade_submission(Work(TARGET.name, str(folder), str(self.source), SEED, options or self.options))

    def watch(self, monkeypatch) -> None:
        """Write down the processes of every kernel before it is closed."""
        close = SandboxedKernel.close

        def closing(kernel):
            self.started += tree(kernel.pid) if hasattr(kernel, "pid") else []
            close(kernel)

        monkeypatch.setattr(SandboxedKernel, "close", closing)

    def survivors(self, patience: float = 3) -> list[int]:
        """List processes that outlive their kernel."""
        enough = time.monotonic() + patience
        while (left := [pid for pid in self.started if _lives(pid)]) and time.monotonic() < enough:
            time.sleep(0.01)
        self.started.clear()
        return left


def _quick(notebook):
    """Leave the set-up cell out: it takes longer than an attack."""
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != SETUP]
    return notebook


def _lives(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def states(graded: Graded) -> dict[str, str]:
    """Return each test's state."""
    return {verdict.test: verdict.state for verdict in graded.verdicts}


def points(graded: Graded) -> dict[str, float | None]:
    """Return each test's points."""
    return {verdict.test: verdict.points for verdict in graded.verdicts}


def mistakes(graded: Graded) -> list[str]:
    """List the exceptions by which an attack failed before it was one."""
    outputs = (output for outputs in graded.outputs.values() for output in outputs)
    texts = [verdict.message for verdict in graded.verdicts] + [output.get("ename", "") for output in outputs]
    return [found for text in texts for found in MISTAKE.findall(text)]


def secrets() -> list[str]:
    """List the texts that must not come back from any learner."""
    return ["canary-", str(SEED), os.environ.get("API_TOKEN", "canary-")]
