"""Make a class folder in which nbgrader's own commands grade the course: `autograder init DIR`."""

import argparse
import shutil
from pathlib import Path

import nbformat
from rich.console import Console

from ..authoring.lesson import find_lessons, read_lesson
from ..authoring.notebooks import source_notebook
from ..exchange.roster import write_roster
from ..judging.seed import write_seed

CONFIG = "from autograder.config import configure\nconfigure(c, __file__)  # noqa: F821 (nbgrader gives c)\n"
OWN_FILES = ("lesson.py", "answers.py", "*.ipynb", "__pycache__", ".ipynb_checkpoints")
NEXT = """\
[bold]{folder}[/] holds {count}. In that folder:

  nbgrader generate_assignment LESSON   make the learners' version
  nbgrader release_assignment LESSON    put it into the exchange, or
  autograder handout LESSON             pack it for an LMS such as Canvas or Moodle
  nbgrader collect LESSON               take submissions in (or zip_collect)
  autograder grade LESSON               grade them
  nbgrader generate_feedback LESSON     write what each learner should read
  nbgrader export                       write grades.csv

Who hands in through an LMS is looked up in [bold]students.csv[/], which waits for one row a student:

  id,first_name,last_name,email,lms_user_id
  ada,Ada,Lovelace,ada@example.org,12345

Who uses the exchange needs no row. Keep [bold]secret_seed[/] to yourself: it decides the hidden draws.
docs/instructor.md goes through all of it."""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("init", help="make a class folder", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to make; it must not exist, or be empty")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds the lessons (default: this one)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the folder and say what comes next; return the exit status."""
    lessons = make_class_folder(args.folder, args.root)
    Console().print(
        NEXT.format(folder=args.folder, count="one assignment" if len(lessons) == 1 else f"{len(lessons)} assignments")
    )
    return 0


def make_class_folder(folder: Path, root: Path) -> list[str]:
    """Make a class folder with every lesson below `root`, and return their names; never overwrites anything."""
    folder, lessons = Path(folder), find_lessons(root)
    if not lessons:
        raise ValueError(f"{Path(root).resolve()} holds no lessons; give the folder that does with --root.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already and not empty; choose another folder.")
    for lesson in lessons:
        read_lesson(lesson)  # a lesson that breaks a rule says so before anything is there
    folder.mkdir(parents=True, exist_ok=True)
    for lesson in lessons:
        write_source(lesson, folder / "source" / lesson.name)
    (folder / "exchange" / "cache").mkdir(parents=True)
    write_seed(folder)
    write_roster(folder)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    return [lesson.name for lesson in lessons]


def write_source(lesson: Path, source: Path) -> None:
    """Write the folder that a lesson is graded from: the instructor's notebook, and the files that come with it."""
    shutil.copytree(lesson, source, ignore=shutil.ignore_patterns(*OWN_FILES))
    nbformat.write(source_notebook(read_lesson(lesson)), source / f"{lesson.name}.ipynb")
