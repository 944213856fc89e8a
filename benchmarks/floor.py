"""Measure the floor: the cells alone, in one process that has everything loaded. No grader can be cheaper.

Nothing is forked, shut in, read, compared or written here; learner's code and tests simply run one after the other.
"""

import contextlib
import io
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.lesson import Lesson
from autograder.authoring.notebooks import source_notebook
from autograder.judging.judge import SEED_VARIABLE


@dataclass(frozen=True)
class Floor:
    """Processor seconds of one submission's cells, medians."""

    learner: float
    """The learner's cells."""
    tests: float
    """The tests, an adapter's evaluation included."""

    @property
    def whole(self) -> float:
        """Return the processor seconds of a submission that no grader can avoid."""
        return self.learner + self.tests


def measure_floor(lesson: Lesson, adapter: Path | None, times: int) -> Floor:
    """Run a submission's cells here, the first time to warm up."""
    runs = [_run(lesson, adapter) for _ in range(times + 1)][1:]
    return Floor(*(statistics.median(seconds) for seconds in zip(*runs, strict=True)))


def _run(lesson: Lesson, adapter: Path | None) -> tuple[float, float]:
    spent, names = {False: 0.0, True: 0.0}, {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if adapter:
            shutil.copytree(adapter, "adapter")
        os.environ[SEED_VARIABLE] = "1"
        for is_test, source in graded_cells(lesson):
            started = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, "<cell>", "exec"), names)
            spent[is_test] += time.process_time() - started
        del os.environ[SEED_VARIABLE]
    return spent[False], spent[True]


def graded_cells(lesson: Lesson) -> list[tuple[bool, str]]:
    """List whether it is a test, and the source, of each cell that grading runs, hidden tests and solutions in it."""
    found = []
    for cell in source_notebook(lesson).cells:
        if cell.cell_type == "code" and "skip-execution" not in cell.metadata.get("tags", []):
            found.append((cell.metadata.get("nbgrader", {}).get("grade", False), cell.source))
    return found
