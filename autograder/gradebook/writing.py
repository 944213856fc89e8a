"""Write results into the gradebook with nbgrader's own converter: every row is what `nbgrader autograde` writes.

with Writer(class_folder, "lesson01_why_finetune") as writer:
    writer.write("ada")
"""

import contextlib
import errno
import glob
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from unittest import mock

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import AutogradeApp
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SAWarning, SQLAlchemyError

from . import preprocessors
from .results import own_folder

LOG = "grade.log"
OPENS_GRADEBOOKS = (
    "nbgrader.converters.autograde",
    "nbgrader.preprocessors.latesubmissions",
    preprocessors.__name__,
)


class GradebookLost(ValueError):
    """Say that the gradebook cannot be written to, and why."""


class ClassApp(AutogradeApp):
    """nbgrader's application of a class folder, wherever the command was given."""

    load_cwd_config = False

    def init_syspath(self) -> None:
        """Import nothing from the working directory."""


def open_class(folder: Path, db_url: str | None = None) -> ClassApp:
    """Read the configuration of a class folder as nbgrader does; raises `ValueError` where there is none."""
    folder = Path(folder).resolve()
    if not (folder / "nbgrader_config.py").is_file():
        raise ValueError(f"{folder} is no class folder; make one with `autograder init DIR`, or name it with --class.")
    app = ClassApp()
    app.initialize(["--quiet"] + ([f"--CourseDirectory.db_url={db_url}"] if db_url else []), root=str(folder))
    return app


class Writer:
    """The one writer of a class's gradebook."""

    def __init__(self, app: ClassApp, lesson: str):
        self.app, self.lesson = app, lesson
        app.coursedir.assignment_id = lesson
        app.config.JudgeCells.judge_again = False  # what is stored was judged in this run, or need not be again
        self.converter = _Converter(coursedir=app.coursedir, parent=app)
        self.converter.force = True
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> "Writer":
        self.stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings(
            "ignore", category=SAWarning, module="nbgrader"
        )  # nbgrader is older than SQLAlchemy 2.1
        self.log_file = self.stack.enter_context(_log_to(self.app.log, own_folder(Path(self.app.coursedir.root)) / LOG))
        self.open_gradebook = self.stack.enter_context(_kept_gradebooks())
        try:
            with self.open_gradebook(self.app.coursedir.db_url, self.app.coursedir.course_id) as gradebook:
                gradebook.find_assignment(self.lesson)
        except MissingEntry:
            self.stack.close()
            raise ValueError(
                f"The gradebook does not know {self.lesson}: run `nbgrader generate_assignment {self.lesson}` first."
            ) from None
        except SQLAlchemyError as problem:
            self.stack.close()
            raise _lost(problem) from problem
        return self

    def __exit__(self, *_) -> None:
        self.stack.close()

    def waiting_for_a_human(self) -> list[str]:
        """List the students with an answer in words that nobody has graded by hand."""
        with self.open_gradebook(self.app.coursedir.db_url, self.app.coursedir.course_id) as gradebook:
            return sorted(
                submission.student.id
                for submission in gradebook.assignment_submissions(self.lesson)
                for grade in (grade for notebook in submission.notebooks for grade in notebook.grades)
                if grade.cell_type == "markdown" and grade.needs_manual_grade
            )

    def write(self, student: str) -> None:
        """Write a student's stored result: the autograded notebook, then scores and comments.

        Raises `GradebookLost` or `OSError` when the database or the disk gives up, and `ValueError` for anything
        else; nbgrader then leaves no autograded notebook behind, so that the next run writes it again.
        """
        self.app.coursedir.student_id = glob.escape(student)
        self.converter.problem = None
        try:
            with contextlib.redirect_stderr(self.log_file):  # nbgrader prints some tracebacks past its log
                self.converter.start()
        except NbGraderException as failure:
            chain = list(_causes(self.converter.problem or failure))
            for problem in chain:
                if isinstance(problem, OperationalError | InterfaceError):
                    raise _lost(problem) from problem
                if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise problem from None
            raise ValueError(f"{type(chain[0]).__name__}: {chain[0]}"[:500]) from chain[0]


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it arose from: nbgrader wraps what a database says."""
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


class _Converter(Autograde):
    """nbgrader's converter, which remembers what went wrong instead of only logging it."""

    problem: Exception | None = None

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        with self._remembering():
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        with self._remembering():
            super().convert_single_notebook(notebook_filename)

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except Exception as problem:
            self.problem = problem
            raise


class _KeptGradebook(Gradebook):
    """A gradebook that ends its session when it is closed, and keeps its connection."""

    def close(self) -> None:
        self.db.remove()


@contextlib.contextmanager
def _kept_gradebooks() -> Iterator:
    """Open each gradebook once and not eight times a submission: nbgrader inspects all tables at every opening."""
    opened: dict[tuple, _KeptGradebook] = {}

    def open_gradebook(db_url: str, course_id: str = "default_course", authenticator: object = None) -> Gradebook:
        place = (db_url, course_id)
        if place not in opened:
            opened[place] = _KeptGradebook(db_url, course_id, authenticator)
        return opened[place]

    with contextlib.ExitStack() as stack:
        for module in OPENS_GRADEBOOKS:
            stack.enter_context(mock.patch(f"{module}.Gradebook", open_gradebook))
        try:
            yield open_gradebook
        finally:
            for gradebook in opened.values():
                Gradebook.close(gradebook)


@contextlib.contextmanager
def _log_to(log: logging.Logger, path: Path) -> Iterator[TextIO]:
    """Send nbgrader's log to a file: a progress display and a traceback do not go together."""
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = log.handlers[:], log.level, log.propagate
    log.handlers[:], log.propagate = [handler], False
    log.setLevel(logging.INFO)
    try:
        yield handler.stream
    finally:
        log.handlers[:], level, log.propagate = before
        log.setLevel(level)
        handler.close()


def _lost(problem: SQLAlchemyError) -> GradebookLost:
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    first = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    return GradebookLost(f"The gradebook cannot be written to: {first}")
