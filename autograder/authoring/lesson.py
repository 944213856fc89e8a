"""Read a lesson: one text file of cells (`lesson.py`) and the answers that prove it (`answers.py`).

    lesson = read_lesson(Path("lesson01_why_finetune"))
    [cell.title for cell in lesson.cells if cell.is_test]

Both files are jupytext py:percent. What a cell is follows from its title and from nbgrader's delimiters; a file that
breaks a rule raises a `LessonError` that names the file, the cell and what to do.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from ..cells import SETUP, SKIP

DELIMITERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
ADAPTERS = ("adapter", "capstone")  # folders that such tests look into
_DELIMITER_LINE = re.compile(r"^\s*### (.+?)\s*$")
_LOOKS_LIKE_DELIMITER = re.compile(r"^\s*#+\s*(BEGIN|END)\b")
_FILE_TEST = re.compile(r"test_(adapter|capstone)(_|$)")
_TITLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")


def grades_files(title: str) -> bool:
    """Tell whether a test of this title grades submitted files, such as an adapter, and so belongs to no exercise."""
    return _FILE_TEST.match(title) is not None


class LessonError(ValueError):
    """Say which file and cell break a rule of lessons, and what to do about it."""


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson; `title` is its nbgrader grade id, empty for cells that nbgrader need not know."""

    kind: str
    title: str
    points: float | None
    tags: tuple[str, ...]
    source: str

    @property
    def is_test(self) -> bool:
        """Tell whether this is a grade cell."""
        return self.kind == "code" and self.title.startswith("test_")

    @property
    def is_solution(self) -> bool:
        """Tell whether this is a solution cell, that is, an exercise."""
        return self.kind == "code" and bool(self.title) and not self.is_test and self.title != SETUP

    @property
    def is_prose(self) -> bool:
        """Tell whether this is a question that is answered in words and graded by hand."""
        return self.kind == "markdown" and bool(self.title)


@dataclass(frozen=True)
class Lesson:
    """A lesson as its author wrote it."""

    folder: Path
    name: str
    cells: tuple[Cell, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        """List the titles of the exercises in order."""
        return tuple(cell.title for cell in self.cells if cell.is_solution)

    @property
    def adapter(self) -> str:
        """Name the folder of the adapter that the lesson grades; empty when it grades none."""
        tests = "\n".join(cell.source for cell in self.cells if grades_files(cell.title))
        return next((name for name in ADAPTERS if f'"{name}"' in tests), "")

    def exercise_of(self, test: str) -> str | None:
        """Name the exercise that `test_<exercise>` or `test_<exercise>_<aspect>` belongs to."""
        name = test.removeprefix("test_")
        owners = [title for title in self.exercises if name == title or name.startswith(title + "_")]
        return max(owners, key=len, default=None)


@dataclass(frozen=True)
class Answer:
    """A right or wrong way to solve an exercise; `source` stands for the whole exercise cell."""

    exercise: str
    right: bool
    reason: str
    source: str


def find_lessons(root: Path | str) -> list[Path]:
    """List the lesson folders below `root`, on it or on a shelf such as lesson03_to_08, in order of their names."""
    name = "lesson[0-9][0-9]_*"
    files = [*Path(root).glob(f"{name}/lesson.py"), *Path(root).glob(f"{name}/{name}/lesson.py")]
    return sorted((file.parent for file in files), key=lambda folder: folder.name)


def read_lesson(folder: Path | str) -> Lesson:
    """Read and check `folder`/lesson.py; raises `LessonError`."""
    folder = Path(folder).resolve()
    file = folder / "lesson.py"
    cells = []
    for number, node in enumerate(_read_percent(file), start=1):
        where = _place(file, number, node)
        metadata = _metadata(node, where, {"title", "points", "tags"})
        kind = node.cell_type
        title = metadata.get("title", "") if kind == "code" or "points" in metadata else ""
        cell = Cell(kind, title, metadata.get("points"), tuple(metadata.get("tags", ())), node.source)
        _check_cell(cell, where)
        cells.append(cell)
    lesson = Lesson(folder, folder.name, tuple(cells))
    _check_lesson(lesson, file)
    return lesson


def read_answers(source: Path | str, lesson: Lesson | None = None) -> list[Answer]:
    """Read the answers of a lesson folder, or of one file; raises `LessonError`.

    Each answer must belong to an exercise of `lesson`, which is read from the same folder when it is not given.
    """
    file = Path(source).resolve()
    file = file / "answers.py" if file.is_dir() else file
    if lesson is None and (file.parent / "lesson.py").is_file():
        lesson = read_lesson(file.parent)
    answers = []
    for number, node in enumerate(_read_percent(file), start=1):
        where = _place(file, number, node)
        if node.cell_type != "code" or (not node.metadata.get("title") and not node.source.strip()):
            continue  # prose between answers is welcome
        metadata = _metadata(node, where, {"title", "right", "wrong"})
        verdicts = [key for key in ("right", "wrong") if metadata.get(key)]
        if not metadata.get("title") or len(verdicts) != 1 or not isinstance(metadata[verdicts[0]], str):
            raise LessonError(f'{where}: write `# %% <exercise> wrong="the mistake"` or `right="the way"` above it.')
        if lesson and metadata["title"] not in lesson.exercises:
            known = ", ".join(lesson.exercises) or "no exercise"
            raise LessonError(f"{where}: {lesson.name} has no exercise of this name (it has {known}): fix the title.")
        if not node.source.strip():
            raise LessonError(f"{where}: is empty; write the whole exercise cell as this answer has it.")
        answers.append(Answer(metadata["title"], verdicts[0] == "right", metadata[verdicts[0]], node.source))
    twice = _first_duplicate((answer.exercise, answer.reason) for answer in answers)
    if twice:
        raise LessonError(f"{file}: two answers to {twice[0]} say '{twice[1]}'; give each its own reason.")
    return answers


def _read_percent(file: Path) -> list[NotebookNode]:
    if not file.is_file():
        raise LessonError(f"{file}: does not exist; a lesson folder holds lesson.py and answers.py.")
    import jupytext  # late, because it takes a second

    cells = jupytext.reads(file.read_text(encoding="utf-8"), fmt="py:percent").cells
    return cells[1:] if cells and cells[0].cell_type == "raw" and cells[0].source.startswith("---") else cells


def _place(file: Path, number: int, node: NotebookNode) -> str:
    name = node.metadata.get("title") or (node.source.strip().splitlines() or ["empty"])[0][:60]
    return f"{file}, cell {number} ({name})"


def _metadata(node: NotebookNode, where: str, known: set[str]) -> dict:
    kept = {key: value for key, value in node.metadata.items() if not key.startswith(("lines_to_", "cell_marker"))}
    unknown = sorted(kept.keys() - known)
    if unknown:
        raise LessonError(f"{where}: unknown option {', '.join(unknown)}; the options are {', '.join(sorted(known))}.")
    return kept


def _check_cell(cell: Cell, where: str) -> None:
    if cell.kind not in ("markdown", "code"):
        raise LessonError(f"{where}: is a {cell.kind} cell; write [markdown] or a code cell.")
    if cell.title and not _TITLE.match(cell.title):
        raise LessonError(f"{where}: a title is a grade id: letters, digits and _, at most 64, no spaces.")
    if not all(isinstance(tag, str) for tag in cell.tags):
        raise LessonError(f'{where}: write tags as a list of strings: tags=["{SKIP}"].')
    if (cell.is_test or cell.is_prose) and not _is_positive(cell.points):
        raise LessonError(f"{where}: is a test without points; write `# %% {cell.title} points=1`.")
    if not (cell.is_test or cell.is_prose) and cell.points is not None:
        raise LessonError(f"{where}: only tests carry points; move points={cell.points} to test_{cell.title}.")
    if (cell.is_test or cell.is_solution) and SKIP in cell.tags:
        raise LessonError(f"{where}: is graded, so it must run; remove the tag {SKIP}.")
    if (cell.is_test or cell.is_solution) and cell.source.startswith("%%"):
        raise LessonError(f"{where}: a graded cell starts with its id, so it cannot start with a cell magic.")
    if cell.title == SETUP and cell.source.strip():
        raise LessonError(f"{where}: the build writes this cell; leave it empty.")
    _check_delimiters(cell, where)


def _is_positive(points: object) -> bool:
    return isinstance(points, int | float) and not isinstance(points, bool) and 0 < points < float("inf")


def _check_delimiters(cell: Cell, where: str) -> None:
    allowed = DELIMITERS[:2] if cell.is_solution or cell.is_prose else DELIMITERS[2:] if cell.is_test else ()
    closing, found = None, False
    for line in cell.source.splitlines():
        if not (_LOOKS_LIKE_DELIMITER.match(line) or any(delimiter in line for delimiter in DELIMITERS)):
            continue
        match = _DELIMITER_LINE.match(line)
        delimiter = match.group(1) if match else ""
        if delimiter not in DELIMITERS:
            choice = ", ".join(f"### {known}" for known in DELIMITERS)
            raise LessonError(f"{where}: unknown delimiter '{line.strip()}'; write one of {choice}.")
        if delimiter not in allowed:
            raise LessonError(
                f"{where}: '{delimiter}' does not belong here; solutions stand in titled cells, "
                "hidden tests in cells titled test_<exercise>."
            )
        if delimiter != (closing or allowed[0]):
            expected = closing or allowed[0]
            raise LessonError(f"{where}: found '{delimiter}' where '{expected}' should be; balance BEGIN and END.")
        closing, found = (allowed[1], True) if closing is None else (None, found)
    if closing:
        raise LessonError(f"{where}: '{allowed[0]}' is never closed; add ### {closing}.")
    if (cell.is_solution or cell.is_prose) and not found:
        raise LessonError(
            f"{where}: has a title but no solution; put ### BEGIN SOLUTION and ### END SOLUTION around the solution, "
            "or remove the title from a cell that is no exercise."
        )


def _check_lesson(lesson: Lesson, file: Path) -> None:
    twice = _first_duplicate(cell.title for cell in lesson.cells if cell.title)
    if twice:
        raise LessonError(f"{file}, cell {twice}: two cells have this title; rename one.")
    if not any(cell.title == SETUP for cell in lesson.cells):
        raise LessonError(f"{file}: has no set-up cell; put a line `# %% {SETUP}` after the first markdown cell.")
    for cell in lesson.cells:
        if cell.is_test and lesson.exercise_of(cell.title) is None and not grades_files(cell.title):
            raise LessonError(f"{file}, cell {cell.title}: there is no such exercise; name it test_<exercise>.")


def _first_duplicate(values: Iterable) -> object:
    return next((value for value, count in Counter(values).items() if count > 1), None)
