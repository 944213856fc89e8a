"""Grade the same submissions with each grader, and meter it.

measured = ours(folder, lesson, students=12, adapter=adapter, workers=2)
measured.per_minute, measured.cpu_each
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.lesson import Lesson
from autograder.gradebook.classroom import grades

from .classes import otter_class, our_class, stock_class, student
from .metering import Meter, Usage, run_metered

FAIR = 0.8  # everybody has solved everything; an adapter may miss a little
PYTHON = [sys.executable, "-m"]
DONE = r"\d+ of \d+ · "  # what `autograder grade` prints for each submission
STOCK_DONE = r"\[AutogradeApp \| INFO\] Setting destination file permissions"  # what nbgrader prints at its end


@dataclass(frozen=True)
class Measured:
    """What grading a class took."""

    grader: str
    submissions: int
    usage: Usage
    workers: int = 1

    @property
    def per_minute(self) -> float:
        """Return the submissions graded in a minute, the start included."""
        return 60 * self.submissions / self.usage.seconds

    @property
    def running_per_minute(self) -> float:
        """Return the submissions graded in a minute between the first and the last that was done."""
        if not self.usage.start_seconds or self.submissions < 2:
            return self.per_minute
        return 60 * (self.submissions - 1) / (self.usage.end_seconds - self.usage.start_seconds)

    @property
    def cpu_each(self) -> float:
        """Return the processor seconds of a submission, start and end left out."""
        if not self.usage.start_seconds or self.submissions < 2:
            return self.usage.cpu_seconds / self.submissions
        return (self.usage.end_cpu_seconds - self.usage.start_cpu_seconds) / (self.submissions - 1)

    def as_dict(self) -> dict:
        """Return all figures as plain data."""
        figures = {name: value for name, value in vars(self.usage).items() if name != "out"}
        figures |= {name: getattr(self, name) for name in ("per_minute", "running_per_minute", "cpu_each")}
        return {"grader": self.grader, "submissions": self.submissions, "workers": self.workers} | figures


def stock(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Measured:
    """Grade with nbgrader as it comes."""
    stock_class(folder, lesson, students, adapter)
    usage = run_metered([*PYTHON, "nbgrader", "autograde", lesson.name], folder, STOCK_DONE)
    _check(folder, lesson, students)
    return Measured("nbgrader autograde, as it comes", students, usage)


def otter(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Measured:
    """Grade with Otter, one command for each submission."""
    otter_class(folder, lesson, students, adapter)
    total = sum(cell.points for cell in lesson.cells if cell.is_test)
    with Meter() as meter:
        for number in range(students):
            command = [*PYTHON, "otter", "run", f"{student(number)}.zip", "--no-logo"]
            usage = run_metered(command, folder)
            tests = json.loads((folder / "results.json").read_text(encoding="utf-8"))["tests"]
            if sum(test.get("score", 0) for test in tests) < FAIR * total:
                raise ValueError(f"Otter gave less than {FAIR:.0%} of {total} points: {usage.out[-2_000:]}")
    return Measured("otter run", students, meter.usage())


def ours(folder: Path, lesson: Lesson, students: int, adapter: Path | None, workers: int) -> Measured:
    """Grade with `autograder grade`."""
    our_class(folder, lesson, students, adapter)
    command = [*PYTHON, "autograder", "grade", lesson.name, "--workers", str(workers)]
    usage = run_metered(command, folder, DONE)
    _check(folder, lesson, students)
    return Measured(f"autograder grade, {_workers(workers)}", students, usage, workers)


def ours_in_nbgrader(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Measured:
    """Grade with nbgrader's command in our class folder."""
    our_class(folder, lesson, students, adapter)
    usage = run_metered([*PYTHON, "nbgrader", "autograde", lesson.name], folder, STOCK_DONE)
    _check(folder, lesson, students)
    return Measured("nbgrader autograde, our configuration", students, usage)


def _workers(number: int) -> str:
    return "one worker" if number == 1 else f"{number} workers"


def _check(folder: Path, lesson: Lesson, students: int) -> None:
    """Raise `ValueError` unless everybody has nearly all points: a grader that fails early is not fast."""
    found = grades(folder)
    low = [name for (name, _), (score, maximum) in found.items() if score < FAIR * maximum]
    if len(found) != students or low:
        raise ValueError(f"{folder}: {len(found)} of {students} graded, and {low or 'nobody'} below {FAIR:.0%}.")
