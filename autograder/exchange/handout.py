"""Pack what learners get, as one zip for a learning management system: `autograder handout LESSON`."""

import argparse
from pathlib import Path

from rich.console import Console

from course.whole import write_zip

from ..arguments import add_class, add_lesson
from ..authoring.lesson import DELIMITERS
from ..submissions.snapshot import entries

FOLDER = "handout"
README = """\
This is {lesson}.

1. Unpack the zip, and open {lesson}.ipynb: in Colab with File > Upload notebook, on your own machine in JupyterLab.
2. Run the first cell. It installs the course where it is missing.
3. Work through the notebook. Save it.
4. Run course.hand_in("YOUR STUDENT ID"). It writes one zip. Hand in that zip, unchanged, where you found this one.
"""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("handout", help="pack a released lesson for an LMS", description=__doc__)
    add_lesson(parser)
    add_class(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Pack the lesson and say where the zip is."""
    path, names = pack_handout(args.folder, args.lesson)
    Console().print(f"{path} holds {', '.join(names)}.", soft_wrap=True, highlight=False)
    return 0


def pack_handout(class_folder: Path, lesson: str) -> tuple[Path, list[str]]:
    """Write handout/LESSON.zip and return its path and contents; raises `ValueError` for what learners must not see."""
    release = Path(class_folder) / "release" / lesson
    if not (release / f"{lesson}.ipynb").is_file():
        raise ValueError(f"{release} holds no {lesson}.ipynb: run `nbgrader generate_assignment {lesson}` first.")
    files = {entry.name: entry.read() for entry in entries(release) if not entry.is_folder and entry.target is None}
    for name, data in files.items():
        if name.endswith(".ipynb") and any(delimiter.encode() in data for delimiter in DELIMITERS):
            raise ValueError(f"{name} still holds solutions or hidden tests: run `nbgrader generate_assignment` again.")
    files["README.txt"] = README.format(lesson=lesson).encode()
    path = Path(class_folder) / FOLDER / f"{lesson}.zip"
    write_zip(path, {f"{lesson}/{name}": data for name, data in files.items()})
    return path, sorted(files)
