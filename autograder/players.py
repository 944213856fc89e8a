"""Play the three learners of the demo: ada solves everything, bob makes mistakes, cy leaves the stubs.

What each should earn follows from what they hand in, not from a grader: a range of points per lesson.
"""

import copy
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course.state import record_student

from .authoring.lesson import Lesson, grades_files, read_answers
from .authoring.notebooks import learner_notebook, solution_notebook

STUDENTS = ("ada", "bob", "cy")
FULL, UNDERTRAINED = 0.9, 0.8  # ada's adapter earns at least this share of its points, bob's at most this
BOBS_STEPS = 6
CAPSTONE = "lesson08_shipping"
MENDED = {  # how ada mends a start that fails, as the hint beside it says: what stands in the cell, and what she writes
    "capstone_rows = variant_rows(mine, 1_000, seed=861)": """from course.capstone import rehearsal
from course.own_adapter import load_for_measuring

capstone_rows = variant_rows(mine, 1_000, seed=861)
capstone_rows += rehearsal(load_for_measuring(tier), requests=150, questions=150, seed=862)""",
    '"bundled": (150, 3.5e-3)': '"bundled": (150, 2.5e-3)',
    'limits = ""': 'limits = "English tickets of one shop only. Never tried on other languages, nor on long mails."',
}


@dataclass(frozen=True)
class Expected:
    """The points that a submission should earn, both ends included."""

    low: float
    high: float

    def __contains__(self, score: float) -> bool:
        return self.low - 1e-9 <= score <= self.high + 1e-9

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:.3g} to {self.high:.3g}"


def mistakes(lesson: Lesson) -> dict[str, str]:
    """Choose bob's mistakes: the first wrong answer to every second exercise."""
    wrong = {
        answer.exercise: answer.source for answer in reversed(read_answers(lesson.folder, lesson)) if not answer.right
    }
    return {exercise: wrong[exercise] for exercise in lesson.exercises[::2] if exercise in wrong}


def expected(lesson: Lesson, student: str) -> Expected:
    """Say what a student should earn in a lesson."""
    points = {cell.title: cell.points for cell in lesson.cells if cell.is_test}
    files = sum(value for test, value in points.items() if grades_files(test))
    total = sum(points.values())
    if student == "ada":
        return Expected(total - files + FULL * files, total)
    if student == "cy":
        return Expected(0, 0)
    wrong = sum(value for test, value in points.items() if lesson.exercise_of(test) in mistakes(lesson))
    low = total - files - wrong
    return Expected(low, low + wrong - (0.01 if wrong else 0) + UNDERTRAINED * files)


def play(lesson: Lesson, student: str, folder: Path, progress: Callable[[str, int, int], None]) -> None:
    """Do a student's work in the fetched assignment in `folder`; `progress` is told what, how far, and of how much."""
    if student == "cy":
        notebook = learner_notebook(lesson)
    else:
        notebook = solution_notebook(lesson, mistakes(lesson) if student == "bob" else {})
        if lesson.name == CAPSTONE and student == "ada":
            mend(notebook)
    nbformat.write(notebook, folder / f"{lesson.name}.ipynb")
    if lesson.adapter and student == "ada":
        execute(notebook, folder, student, progress)
        if not (folder / lesson.adapter).is_dir():
            raise ValueError(f"{lesson.name}: its solution notebook ran and left no {lesson.adapter}/ behind.")
        _keep_only_adapter(folder, lesson)
    if lesson.adapter and student == "bob":
        progress("bob trains too short", 0, 1)
        undertrain(folder, lesson.adapter)


def mend(notebook: NotebookNode) -> None:
    """Mend the capstone's start; raises `ValueError` when it is no longer what is known here."""
    for found, better in MENDED.items():
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and found in cell.source]
        if len(cells) != 1:
            raise ValueError(f"{len(cells)} cells of {CAPSTONE} hold {found!r}; mend `MENDED`.")
        cells[0].source = cells[0].source.replace(found, better)


def execute(notebook: NotebookNode, folder: Path, student: str, progress: Callable[[str, int, int], None]) -> None:
    """Run a whole notebook as a learner does who has said who they are, training cells included."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    done = iter(range(1, len(cells) + 1))
    client = NotebookClient(
        copy.deepcopy(notebook),
        timeout=1_200,
        kernel_name="python3",
        skip_cells_with_tag="",  # a learner runs the cells that grading skips
        resources={"metadata": {"path": str(folder)}},
        on_cell_complete=lambda **_: progress("ada trains an adapter", next(done, len(cells)), len(cells)),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="progress-") as own:
            record_student(student, Path(own, "progress.json"))
            client.execute(stdout=DEVNULL, stderr=DEVNULL, env=os.environ | {"COURSE_STATE": own})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
        raise ValueError(f"ada's notebook stopped: {str(problem)[-1500:]}") from problem


def undertrain(folder: Path, name: str) -> None:
    """Train an adapter for a few steps only, and save it in `folder` under this name."""
    from course.start import quiet

    quiet()  # before the libraries that it quiets are imported
    from course.data import draw_tickets, prompt_completion
    from course.models import load_base
    from course.training import save_adapter, train_adapter

    random.seed(0)
    base = load_base("bundled", four_bit=True)
    tickets = draw_tickets(BOBS_STEPS * 16, seed=3).map(prompt_completion)
    run = train_adapter(base, tickets, folder / "runs", steps=BOBS_STEPS)
    save_adapter(run.model, base.tier, folder / name)
    shutil.rmtree(folder / "runs", ignore_errors=True)


def _keep_only_adapter(folder: Path, lesson: Lesson) -> None:
    for path in folder.iterdir():
        if path.name not in (lesson.adapter, f"{lesson.name}.ipynb"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
