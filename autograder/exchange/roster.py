"""Know a class's students by name and by the id that a learning management system has for them: `students.csv`.

The file has nbgrader's own columns, so `nbgrader db student import students.csv` reads it as well. It may hold no
rows: then everybody who hands in is a student.
"""

import csv
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from .senders import CANVAS, FOLDER, NAMED, Sender, plain

FILE = "students.csv"
_ID = re.compile(r"[\w@][\w.@-]*")


@dataclass(frozen=True)
class Student:
    """One row: `id` names folders and grades, the rest is how others know the student."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def names(self) -> set[str]:
        """Return the full name in both orders, as `plain` has it."""
        first, last = plain(self.first_name), plain(self.last_name)
        return {first + last, last + first} if first or last else set()


COLUMNS = tuple(column.name for column in fields(Student))


@dataclass(frozen=True)
class Roster:
    """All students of a class, by id; false when nobody wrote any down."""

    students: dict[str, Student] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.students)

    def find(self, sender: Sender) -> Student | None:
        """Find who a sender is; None unless exactly one student fits.

        Canvas' ids are a student's for good and go before names. Moodle's number belongs to one assignment only.
        """
        if sender.system in (FOLDER, NAMED):
            return self.students.get(sender.name)
        students = list(self.students.values())
        if sender.system == CANVAS:
            found = [one for one in students if one.lms_user_id == sender.lms_id]
            if found:
                return found[0]
            students = [one for one in students if not one.lms_user_id]
        found = [one for one in students if plain(sender.name) in one.names]
        return found[0] if len(found) == 1 else None


def read_roster(class_folder: Path) -> Roster:
    """Read a class's students; raises `ValueError` that names the line and what to write there."""
    path, students = Path(class_folder) / FILE, {}
    if not path.is_file():
        return Roster()
    text = path.read_text(encoding="utf-8-sig")
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    if "id" not in (rows.fieldnames or ()):
        raise ValueError(f"{FILE}, line 1: has no column `id`; write {','.join(COLUMNS)}.")
    for row in rows:
        student = Student(**{name: (row.get(name) or "").strip() for name in COLUMNS})
        if not any(vars(student).values()):
            continue
        if not _ID.fullmatch(student.id):
            raise ValueError(f"{FILE}, line {rows.line_num}: {student.id!r} is no id; use letters, digits, . @ - _.")
        _refuse_twins(student, students, rows.line_num)
        students[student.id] = student
    return Roster(students)


def write_roster(class_folder: Path) -> None:
    """Write a roster without students: the columns, for the instructor to fill."""
    (Path(class_folder) / FILE).write_text(",".join(COLUMNS) + "\n", encoding="utf-8")


def _refuse_twins(student: Student, students: dict[str, Student], line: int) -> None:
    for other in students.values():
        same_lms_id = student.lms_user_id and student.lms_user_id == other.lms_user_id
        if student.id == other.id or same_lms_id:
            what = f"lms_user_id {student.lms_user_id}" if same_lms_id else f"id {student.id}"
            raise ValueError(f"{FILE}, line {line}: {what} is there twice; give each student one of their own.")
