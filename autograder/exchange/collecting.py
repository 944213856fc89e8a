"""Collect submissions with nbgrader's own commands, one bad submission never stopping the others.

`nbgrader collect` copies without following links. `nbgrader zip_collect` sorts what lies in
`downloaded/<lesson>/archive/`, unpacks what is taken into `extracted/<student>/`, and says what became of everything.
"""

import contextlib
from datetime import timedelta
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..submissions.intake import copy_files
from .arranging import NOT_THEIRS, arrange
from .earlier import RECORD, keep_what_was_there, read_record, write_record
from .handins import DECIDE, REFUSED, STATES, TAKEN, UNCLEAR, HandIn, sort_out
from .roster import read_roster

STYLES = {TAKEN: "green", UNCLEAR: "yellow", REFUSED: "red"}


class Collect(ExchangeCollect):
    """nbgrader's collector, with a copy that follows no link."""

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copy one submission from the exchange."""
        copy_files(Path(src), Path(dest))


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's way of feedback into the exchange, which does not end at somebody who handed in another way."""

    def copy_files(self) -> None:
        """Release the feedback of everybody who submitted through the exchange."""
        pattern = self.src_path
        for folder in sorted(Path(self.coursedir.root).glob(str(Path(pattern).relative_to(self.coursedir.root)))):
            if all((folder / name).is_file() for name in NOT_THEIRS):
                self.src_path = str(folder)
                super().copy_files()
            else:
                self.log.warning("%s handed in another way: `autograder handback` packs it", folder.parent.name)
        self.src_path = pattern


class Extractor(ExtractorPlugin):
    """nbgrader's extractor, which decides whose each file is and lays out only what is taken."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Sort, unpack, and say what became of everything."""
        archive, extracted = Path(archive_path), Path(extracted_path)
        lesson, folder = archive.parent.name, archive.parents[2]
        try:
            roster = read_roster(folder)
        except ValueError as problem:
            self.parent.fail(str(problem))
        items = sort_out(archive, lesson, roster, FileCollector(parent=self.parent).named_regexp)
        before = read_record(archive.parent / RECORD)
        students: dict[str, list[HandIn]] = {}
        for item in items:
            if item.state == TAKEN:
                students.setdefault(item.student, []).append(item)
        for student, theirs in students.items():
            place = extracted / student
            arrange(theirs, place, lesson)
            keep_what_was_there(theirs, place, folder / "submitted" / student / lesson, before)
            if place.is_dir() and any(item.sender.late for item in theirs):
                theirs[0].notes.append(self._mark_late(lesson, place))
        write_record(archive.parent / RECORD, items)
        show(Console(), items)

    def _mark_late(self, lesson: str, place: Path) -> str:
        """Give a late submission a time after the due date; a system that only says "late" does not say how late."""
        due = None
        if self.parent:
            with Gradebook(self.parent.coursedir.db_url) as gradebook, contextlib.suppress(MissingEntry):
                due = gradebook.find_assignment(lesson).duedate
        if due is None:
            return "Marked late, but the assignment has no due date."
        (place / "timestamp.txt").write_text(f"{due + timedelta(seconds=1)} UTC", encoding="utf-8")
        return "Marked late, not how late: it counts as one second late."


class FileCollector(FileNameCollectorPlugin):
    """nbgrader's collector of extracted files, which takes all files of a student's folder."""

    def collect(self, submitted_file: str) -> dict | None:
        """Say whose file this is and where it belongs."""
        extracted = self.parent._format_collect_path(self.parent.extracted_directory)
        student, *inside = Path(submitted_file).relative_to(extracted).parts
        return {"student_id": student, "file_id": str(Path(*inside))} if inside else None


def show(console: Console, items: list[HandIn]) -> None:
    """Print what became of every file of an archive, and the sum."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for item in sorted(items, key=lambda item: (STATES.index(item.state), item.student, item.path.name)):
        state = Text(item.state, STYLES.get(item.state, ""))
        table.add_row(state, _printable(item.student), _printable(item.path.name))
        if item.why:
            table.add_row("", "", Text.assemble((_printable(item.why).plain, "dim")))
    console.print(table)
    counts = [f"{sum(item.state == state for item in items)} {state}" for state in STATES]
    console.print(f"{len(items)} collected = {' + '.join(counts)}", highlight=False)
    if any(item.state == UNCLEAR for item in items):
        console.print(DECIDE, highlight=False)


def _printable(text: str) -> Text:
    """Keep control characters, which a name may hold, from the terminal."""
    return Text("".join(letter if letter.isprintable() else "�" for letter in text))
