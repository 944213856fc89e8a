"""Grade one notebook for the one who works through the course alone: `autograder check NOTEBOOK`.

The lesson is found by what the notebook holds, and a trained adapter beside it is graded with it. What `course.hand_in`
packed, in Colab for example, is graded from its zip. No class folder is needed. Where there is no sandbox it runs
without, as it does in JupyterLab, and says so. Hidden tests draw from the public practice seed, so that a class grades
on other data than this.
"""

import argparse
import contextlib
import datetime
import json
import shutil
import tempfile
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course.certificate import still_missing
from course.data.world import PRACTICE_SEED
from course.state import Progress, load, record_checked

from .authoring.lesson import Lesson, find_lessons, grades_files, read_lesson
from .authoring.notebooks import source_notebook
from .authoring.slicing import names_of
from .cells import key
from .gradebook.feedback import SIGNS
from .gradebook.init import write_source
from .judging.grading import Graded, Work, grade_submission
from .judging.options import kernel_options
from .judging.verdict import FAILED, NOT_ATTEMPTED, PARTLY, PASSED, UNGRADED
from .many.tally import line_of
from .sandbox.host import works_here
from .submissions.intake import copy_files
from .submissions.submission import Submission, read_submission
from .submissions.unpacking import unpack

STYLES = {PASSED: "green", PARTLY: "yellow", FAILED: "red", NOT_ATTEMPTED: "dim", UNGRADED: "magenta"}
FIGURES = ("valid", "correct")  # of an adapter, on the certificate
ROOT = Path(__file__).resolve().parents[1]


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("check", help="grade one notebook of your own", description=__doc__)
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK", help="the notebook you worked in, or a zip of it")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds the lessons (default: the course's)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    parser.add_argument("--student", default="", metavar="ID", help="whose work it is (default: as in your progress)")
    parser.add_argument("--unsafe", action="store_true", help="run the notebook without isolation")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Grade and print the feedback; return 0 when all is passed, 1 when not, 2 when a test could not be graded."""
    lesson, graded = check(args.notebook, args.root, args.unsafe, args.student)
    if args.json:
        print(json.dumps(as_dict(lesson, graded), indent=2))
    else:
        show(Console(), lesson, graded)
    if graded.ungraded:
        return 2
    if any(verdict.state != PASSED for verdict in graded.verdicts):
        return 1
    progress = note(args.notebook, lesson, graded)
    if not args.json:
        print(progress.notice or f"All passed: noted for the certificate. {still_to_do(progress)}")
    return 0


def check(notebook: Path, root: Path = ROOT, unsafe: bool = False, student: str = "") -> tuple[Lesson, Graded]:
    """Grade one notebook, or the one in a zip, as the work of `student`, else of whom the progress file names.

    Raises `ValueError` when it cannot be read or is no lesson's.
    """
    student = student or known_student(notebook)
    with tempfile.TemporaryDirectory(prefix="check-") as scratch:
        if is_zip(notebook):
            notebook = notebook_in(notebook, Path(scratch, "unpacked"))
        submission = read_submission(notebook)
        if submission.problem:
            raise ValueError(submission.problem)
        lesson, master = find_lesson(submission, root)
        submitted, source = Path(scratch, "submitted"), Path(scratch, "source")
        write_source(lesson.folder, source)
        submitted.mkdir()
        shutil.copyfile(notebook, submitted / f"{lesson.name}.ipynb")
        for path in beside(notebook, master):
            copy = copy_files if path.is_dir() else shutil.copyfile
            copy(path, submitted / path.name)
        options = kernel_options(unsafe or not works_here())
        work = Work(lesson.name, str(submitted), str(source), PRACTICE_SEED, options, student)
        return lesson, grade_submission(work)


def is_zip(path: Path) -> bool:
    """Tell whether this is named as what `course.hand_in` packs."""
    return path.suffix.lower() == ".zip"


def notebook_in(archive: Path, folder: Path) -> Path:
    """Unpack an archive into `folder` and return the notebook in it; raises `ValueError` when there is none."""
    try:
        unpack(archive, folder)
    except Exception as problem:  # whatever a damaged archive provokes
        raise ValueError(f"{archive} cannot be unpacked: {problem}") from None
    found = sorted(folder.rglob("*.ipynb"), key=lambda path: (len(path.parts), path))
    if not found:
        raise ValueError(f"{archive} holds no notebook.")
    return found[0]


def find_lesson(submission: Submission, root: Path) -> tuple[Lesson, NotebookNode]:
    """Find the lesson most of whose exercises a notebook names, and build its master; raises `ValueError`."""
    named = {name for cell in submission.cells for name in (*cell.ids, cell.comment, *names_of(cell.source)[0])}
    lessons = [read_lesson(folder) for folder in find_lessons(root)]
    best = max(lessons, key=lambda lesson: len(named.intersection(lesson.exercises)), default=None)
    if best is None or not named.intersection(best.exercises):
        raise ValueError(f"{submission.name} holds no exercise of a lesson below {Path(root).resolve()}.")
    return best, source_notebook(best)


def beside(notebook: Path, master: NotebookNode) -> list[Path]:
    """List the files and folders beside a notebook that its tests name, such as an adapter."""
    tests = "\n".join(cell.source for cell in master.cells if grades_files(key(cell)))
    return [
        path
        for path in sorted(Path(notebook).resolve().parent.iterdir())
        if path.suffix not in (".ipynb", ".py") and (f'"{path.name}"' in tests or f'"{path.name}/' in tests)
    ]


def note(notebook: Path, lesson: Lesson, graded: Graded) -> Progress:
    """Note in the progress file that every test is passed: beside the notebook, or for a zip right here."""
    from course.ladder.report import percent  # late, because it brings torch with it

    found = {
        "points": line_of(graded).score,
        "date": datetime.date.today().isoformat(),
        "adapters": [{name: percent(report["figures"][name]) for name in FIGURES} for report in graded.adapters],
    }
    with _beside(notebook):
        return record_checked(lesson.name, found)


def known_student(notebook: Path) -> str:
    """Return the id that was set with `course.student`, by the same progress file; empty when there is none."""
    with _beside(notebook):
        return load().student


def _beside(notebook: Path) -> contextlib.AbstractContextManager:
    """Stand where the notebook's progress file is looked for: in its folder, or for a zip right here."""
    return contextlib.chdir("." if is_zip(notebook) else Path(notebook).resolve().parent)


def still_to_do(progress: Progress) -> str:
    """Say what else the certificate waits for."""
    missing = still_missing(progress)
    if not missing:
        return "Nothing else is missing: course.certificate() draws it."
    return f"It still waits for {len(missing)} step{'s' * (len(missing) > 1)}, next {missing[0]}."


def as_dict(lesson: Lesson, graded: Graded) -> dict:
    """Return what was found as plain data."""
    line = line_of(graded)
    return {
        "lesson": lesson.name,
        "score": line.score,
        "maximum": line.maximum,
        "isolation": graded.inputs.isolation,
        "tests": [vars(verdict) for verdict in graded.verdicts],
        "adapters": list(graded.adapters),
    }


def show(console: Console, lesson: Lesson, graded: Graded) -> None:
    """Print each test with its points, its state and the sentence that helps."""
    table = Table(title=lesson.name, title_justify="left", show_lines=True)
    for name in ("test", "result", "what to look at"):
        table.add_column(name, overflow="fold")
    for verdict in graded.verdicts:
        result = f"[{STYLES[verdict.state]}]{SIGNS[verdict.state]} {verdict.headline}[/]"
        printed = verdict.printed.strip() if verdict.printed.strip() != verdict.message else ""
        table.add_row(verdict.test, result, escape("\n\n".join(filter(None, (verdict.message, printed)))))
    console.print(table)
    line = line_of(graded)
    unsafe = ", without isolation" if graded.inputs.isolation == "none" else ""
    console.print(f"{line.score:g} of {line.maximum:g} points{unsafe}", highlight=False)
