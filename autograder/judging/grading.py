"""Grade one submission: a pure function from plain data to plain data.

    graded = grade_submission(Work("lesson01_why_finetune", submitted=folder, source=folder, seed=1))
    graded.verdicts[0].headline  # "passed · 2 of 2 points"

Local worker processes, a cluster's workers, nbgrader's pipeline, `check` and the ledger's `replay` all call it. Equal
keys mean equal inputs, so a stored result can stand for grading again.
"""

import contextlib
import hashlib
import json
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from ..cells import key as key_of
from ..submissions.intake import copy_files, find_submission
from ..submissions.rebuild import rebuild
from ..submissions.snapshot import contents, digest, restore
from .judge import Judgement, judge
from .learner import Learner
from .options import KernelOptions
from .verdict import UNGRADED, Verdict
from .versions import versions, versions_hash

_ALONE = threading.Lock()  # a judge owns its process: working directory, environment and printed text
PERSONAL = "course.capstone", "course.student"  # tests that name one of these may set every student another task
LADDERS = "course.capstone", "course.ladder"  # tests that name one of these climb with adapters
Files = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Work:
    """All that one submission's verdicts depend on."""

    notebook: str
    """The notebook's name: source/<assignment>/<notebook>.ipynb is the master."""
    submitted: str
    """The folder that was handed in."""
    source: str
    """The folder of the master and its files."""
    seed: int = field(repr=False)
    options: KernelOptions = KernelOptions()
    student: str = ""
    """Whose work this is, as the grader knows it: some tests set everybody a task of their own."""
    carried: tuple[Files, Files] | None = field(default=None, repr=False)
    """What both folders hold, for a machine that does not see them."""

    def carry(self) -> "Work":
        """Return the same work with the folders' contents in it."""
        return replace(self, carried=(contents(Path(self.submitted)), contents(Path(self.source))))


@dataclass(frozen=True)
class Inputs:
    """Hashes of what a result follows from; the seed's is too slow to compute for anyone to guess the seed by it."""

    submission: str
    tests: str
    versions: str
    seed: str
    isolation: str
    options: str
    whose: str = ""
    """The student, where the tests are their own; empty where equal work of two students has equal results."""

    @property
    def key(self) -> str:
        """Return the one hash that stands for all."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Graded:
    """What came of one submission."""

    inputs: Inputs
    verdicts: tuple[Verdict, ...]
    outputs: dict[int, list] = field(default_factory=dict)
    """What the learner's cells put out, by position in the rebuilt notebook."""
    adapters: tuple[dict, ...] = ()
    """The ladder's reports on adapters, in the order of the tests."""
    problem: str = ""
    """Why the submission as a whole could not be read."""
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def judgement(self) -> Judgement:
        """Return verdicts and outputs as the judge gave them."""
        outputs = {place: [nbformat.from_dict(output) for output in found] for place, found in self.outputs.items()}
        return Judgement(list(self.verdicts), outputs)

    @property
    def ungraded(self) -> list[Verdict]:
        """List the tests that could not be graded."""
        return [verdict for verdict in self.verdicts if verdict.state == UNGRADED]

    @property
    def worth_another_try(self) -> bool:
        """Tell whether something else than the submission kept a test from being graded."""
        return bool(self.ungraded) and not self.problem

    def to_text(self) -> str:
        """Write this as JSON."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_text(cls, text: str) -> "Graded":
        """Read what `to_text` wrote; raises `ValueError`, `KeyError` or `TypeError` for anything else."""
        data = json.loads(text)
        data["inputs"] = Inputs(**data["inputs"])
        data["verdicts"] = tuple(Verdict(**verdict) for verdict in data["verdicts"])
        data["outputs"] = {int(place): found for place, found in data["outputs"].items()}
        data["adapters"] = tuple(data["adapters"])
        return cls(**data)


def grade_submission(work: Work) -> Graded:
    """Grade one submission from a private copy of its files; nothing in it can make this raise."""
    started, before = time.monotonic(), _processor_time()
    with _ALONE, tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        submitted, source, learner, judging = (Path(scratch, name) for name in ("submitted", "source", "work", "judge"))
        _take(work, submitted, source)
        inputs = _inputs(work, submitted, source)
        master = nbformat.read(source / f"{work.notebook}.ipynb", as_version=4)
        submission, place = find_submission(submitted, work.notebook, master)
        notebook = rebuild(master, submission)
        for folder in (learner, judging):  # what one of them writes, the other never sees
            copy_files(place, folder, for_grading=True)
            copy_files(source, folder, for_grading=True)
        with _climbs(master) as reports:
            judgement = judge(notebook, partial(Learner, learner, work.options), work.seed, judging, inputs.whose)
        return Graded(
            inputs,
            tuple(_writable(verdict) for verdict in judgement.verdicts),
            {place: [_plain(output) for output in found] for place, found in judgement.outputs.items() if found},
            tuple(report.as_dict() for report in reports),
            notebook.metadata.autograder["problem"],
            versions(),
            time.monotonic() - started,
            _processor_time() - before,
        )


def inputs_of(work: Work) -> Inputs:
    """Hash what a result would follow from, without grading."""
    return _inputs(work, Path(work.submitted), Path(work.source))


def could_not_be_graded(work: Work, reason: str) -> Graded:
    """Say of every test that it could not be graded, because grading itself failed."""
    master = nbformat.read(Path(work.source, f"{work.notebook}.ipynb"), as_version=4)
    verdicts = (
        Verdict(key_of(cell), UNGRADED, None, float(cell.metadata.nbgrader["points"]), reason)
        for cell in master.cells
        if is_grade(cell) and not is_solution(cell)
    )
    return Graded(inputs_of(work), tuple(verdicts), versions=versions())


@cache
def seed_hash(seed: int) -> str:
    """Hash the seed so slowly that trying all seeds would take many years."""
    return hashlib.scrypt(str(seed).encode(), salt=b"autograder", n=2**14, r=8, p=1, dklen=16).hex()


def _take(work: Work, submitted: Path, source: Path) -> None:
    if work.carried is None:
        copy_files(Path(work.submitted), submitted)
        copy_files(Path(work.source), source)
    else:
        for files, folder in zip(work.carried, (submitted, source), strict=True):
            restore(files, folder)


def _inputs(work: Work, submitted: Path, source: Path) -> Inputs:
    options = {name: value for name, value in asdict(work.options).items() if name not in ("isolation", "zygote")}
    return Inputs(
        digest(submitted),
        hashlib.sha256(f"{work.notebook} {digest(source)}".encode()).hexdigest(),
        versions_hash(),
        seed_hash(work.seed),
        work.options.isolation,
        hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest(),
        work.student if _is_personal(source / f"{work.notebook}.ipynb") else "",
    )


def _is_personal(master: Path) -> bool:
    """Tell whether a test names what sets every student a task of their own; without a master there is no test."""
    cells = json.loads(master.read_bytes())["cells"] if master.is_file() else []
    tests = ("".join(cell["source"]) for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade"))
    return any(name in test for test in tests for name in PERSONAL)


@contextlib.contextmanager
def _climbs(master: NotebookNode) -> Iterator[list]:
    """Collect the reports of adapters that are climbed with; lessons without adapters need no torch for it."""
    reports: list = []
    if not any(name in cell.source for cell in master.cells for name in LADDERS):
        yield reports
        return
    from course.ladder.climbing import climbed

    token = climbed.set(reports)
    try:
        yield reports
    finally:
        climbed.reset(token)


def _writable(verdict: Verdict) -> Verdict:
    return replace(verdict, message=_plain(verdict.message), printed=_plain(verdict.printed))


def _plain(value: object) -> object:
    """Return what a kernel sent as data that any file can hold; a learner's metadata on outputs is left behind."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "�")  # which PostgreSQL refuses
    if isinstance(value, dict):
        return {_plain(name): {} if name == "metadata" else _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _processor_time() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(os.times()[:2]) + children.ru_utime + children.ru_stime
