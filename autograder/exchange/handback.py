"""Pack feedback for a learning management system: `autograder handback LESSON`.

handback/LESSON/ gets one zip a student. Who handed in through Canvas or Moodle is also in handback/LESSON-upload.zip,
under the names that the system gave, which it wants to see again.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console

from course.whole import write_zip

from ..arguments import add_class, add_lesson
from .earlier import RECORD
from .handins import TAKEN

FOLDER = "handback"


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("handback", help="pack feedback for an LMS", description=__doc__)
    add_lesson(parser)
    add_class(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Pack the feedback and say where it is; return 1 when some of it is older than the grades."""
    console = Console()
    students, upload, stale = pack_feedback(args.folder, args.lesson)
    console.print(
        f"{args.folder / FOLDER / args.lesson} holds the feedback of {len(students)} students.", highlight=False
    )
    if upload:
        console.print(f"{upload} is for the LMS that they handed in to.", soft_wrap=True, highlight=False)
    if stale:
        again = f"nbgrader generate_feedback {args.lesson} --force"
        console.print(
            f"[yellow]![/] Graded again since: {', '.join(stale)}. Run `{again}`, then this.", highlight=False
        )
    return 1 if stale else 0


def pack_feedback(class_folder: Path, lesson: str) -> tuple[list[str], Path | None, list[str]]:
    """Write the zips; return the students, the zip for the LMS, and whose feedback is older than their grades."""
    class_folder = Path(class_folder)
    pages = {path.parts[-3]: path for path in sorted(class_folder.glob(f"feedback/*/{lesson}/{lesson}.html"))}
    if not pages:
        raise ValueError(f"There is no feedback on {lesson} yet: run `nbgrader generate_feedback {lesson}` first.")
    for student, page in pages.items():
        write_zip(class_folder / FOLDER / lesson / f"{student}.zip", {page.name: page.read_bytes()})
    upload = class_folder / FOLDER / f"{lesson}-upload.zip"
    names = {
        f"{prefix}{lesson}.html": pages[student]
        for student, prefix in _prefixes(class_folder / "downloaded" / lesson / RECORD).items()
        if student in pages
    }
    if names:
        write_zip(upload, {name: page.read_bytes() for name, page in names.items()})
    stale = [
        student for student, page in pages.items() if _is_older(page, class_folder / "autograded" / student / lesson)
    ]
    return list(pages), upload if names else None, stale


def _prefixes(record: Path) -> dict[str, str]:
    """Read what Canvas or Moodle wrote before the names of what each student handed in."""
    if not record.is_file():
        return {}
    taken = [item for item in json.loads(record.read_text(encoding="utf-8")) if item["state"] == TAKEN]
    return {item["student"]: item["prefix"] for item in taken if item["prefix"]}


def _is_older(page: Path, graded: Path) -> bool:
    notebook = graded / f"{page.stem}.ipynb"
    return notebook.is_file() and notebook.stat().st_mtime > page.stat().st_mtime
