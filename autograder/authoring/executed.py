"""Run a lesson whole, as a learner who solved everything would, and keep what came out by its content.

    notebook = executed(read_lesson(folder), kept=Path("build/executed"))    # minutes, and milliseconds from then on

Training, explorers and quizzes run too. The tests that run every lesson and the site share these notebooks.
"""

import contextlib
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course.whole import replacing

from ..judging.versions import versions
from .lesson import Lesson
from .notebooks import notebook_text, solution_notebook

SETTINGS = {
    "timeout": 1800,  # a cell; only one that hangs takes as long, unless the machine is very busy
    "startup_timeout": 300,
    "iopub_timeout": 120,  # default: 4 s, after which a cell's output, its verdict too, is dropped
    "kernel_name": "python3",
    "skip_cells_with_tag": "",
}


class ExecutionFailed(RuntimeError):
    """Say which lesson stopped at which cell, and why."""


def executed(lesson: Lesson, kept: Path, say: Callable[[str], None] = print) -> NotebookNode:
    """Return the solved lesson with its outputs, from `kept` where the same one has run before.

    Raises `ExecutionFailed`, and `KeyboardInterrupt` when it is interrupted; only a whole run is kept.
    """
    notebook = solution_notebook(lesson)
    file = kept / f"{lesson.name}-{_content(notebook)}.ipynb"
    if file.is_file():
        say(f"{lesson.name}: has run before")
        return nbformat.read(file, as_version=nbformat.NO_CONVERT)
    say(f"{lesson.name}: running {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ...")
    began = time.monotonic()
    execute(notebook, lesson.name)
    _keep(notebook, file, lesson.name)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    say(f"{lesson.name}: ran in {minutes} min {seconds:02d} s")
    return notebook


def execute(notebook: NotebookNode, name: str) -> None:
    """Run every cell in a fresh folder, with progress of its own; raises `ExecutionFailed`."""
    at: list[int] = [0]

    def remember(cell: NotebookNode, cell_index: int) -> None:
        at[0] = cell_index

    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        settings = SETTINGS | {"resources": {"metadata": {"path": folder}}, "on_cell_start": remember}
        client = NotebookClient(notebook, **settings)
        environment = {**os.environ, "COURSE_STATE": str(Path(folder, "progress.json"))}
        environment.pop("COURSE_LESSON", None)
        try:
            client.execute(
                env=environment, stderr=subprocess.DEVNULL
            )  # of the process; cells' stderr is in the outputs
        except Exception as error:
            if hasattr(client, "_async_cleanup_kernel_future"):  # nbclient ends the kernel when the user interrupts
                raise KeyboardInterrupt from None
            if not isinstance(error, CellExecutionError | CellTimeoutError | DeadKernelError):
                raise
            why = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else str(error)
            raise ExecutionFailed(f"{_place(notebook, name, at[0])}: {why}") from None


def _content(notebook: NotebookNode) -> str:
    """Hash what the outputs depend on: the cells, the course's code and the installed versions."""
    found = {name: version for name, version in versions().items() if name != "autograder"}
    return hashlib.sha256((notebook_text(notebook) + repr(sorted(found.items()))).encode()).hexdigest()[:16]


def _keep(notebook: NotebookNode, file: Path, name: str) -> None:
    """Write the notebook in one step, then forget what the lesson was before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as draft:
        draft.write_text(notebook_text(notebook), encoding="utf-8")
    for older in file.parent.glob(f"{name}-*.ipynb"):
        if older != file:
            with contextlib.suppress(OSError):
                older.unlink()


def _place(notebook: NotebookNode, name: str, index: int) -> str:
    cell = notebook.cells[index]
    first = next((line for line in cell.source.splitlines() if line.strip()), "empty")
    return f"{name}, cell {index + 1} ({first[:70]})"
