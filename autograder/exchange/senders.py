"""Say who sent a file, from the name that Canvas, Moodle, an instructor or `course.hand_in` gave it.

    sender_of("lovelaceada_LATE_12345_67890_lesson01_why_finetune-2.ipynb")    # Canvas, user 12345, late
    sender_of("Ada Lovelace_123456_assignsubmission_file_work.zip")            # Moodle, Ada Lovelace
    sender_of("ada_lesson01_why_finetune.zip")                                 # says that it is ada's

The leftmost match counts: what comes before a learner's own file name was written by the learning management system.
"""

import re
import unicodedata
from dataclasses import dataclass

CANVAS, MOODLE, FOLDER, NAMED = "Canvas", "Moodle", "folder", "file name"
_CANVAS = re.compile(
    r"(?P<prefix>(?P<late>LATE_)?(?P<user>anon_[A-Za-z0-9]+)_(?P<upload>\d+)_)(?P<file>.+)"
    r"|(?P<prefix_2>(?P<name>\w+?)(?P<late_2>_LATE)?_(?P<user_2>\d+)_(?P<upload_2>\d+)_)(?P<file_2>.+)"
    r"|(?P<prefix_3>(?P<name_3>\w+?)(?P<late_3>_LATE)?_(?P<user_3>\d+)_)(?P<file_3>(?:text|link)\.html)"
)
_MOODLE = re.compile(r"(?P<prefix>(?P<name>.+?)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_|$))(?P<file>.*)", re.DOTALL)
_NAMED = re.compile(r"(?:Copy of )?(?P<name>.+?)_(?P<file>lesson\d\d_.*)")
_REPEATED = re.compile(r"(?:-\d+| \(\d+\))+(?=\.[^.]*$|$)")


@dataclass(frozen=True)
class Sender:
    """Who sent a file, as far as its name says; `file` is what the sender called it."""

    system: str
    name: str
    file: str = ""
    lms_id: str = ""
    late: bool = False
    upload: int = 0
    """Canvas counts uploads, so a later one has the higher number."""
    prefix: str = ""
    """What the system puts before the file's own name, and expects before feedback's."""

    @property
    def is_certain(self) -> bool:
        """Tell whether somebody else than the sender says who sent this."""
        return self.system != NAMED

    def __str__(self) -> str:
        return f"{self.system} user {self.lms_id} ({self.name})" if self.lms_id else f"{self.system} {self.name}"


def sender_of(name: str, is_folder: bool = False, pattern: str = "") -> Sender | None:
    """Read the name of a file or folder; None when it names nobody, or two.

    `pattern` is an instructor's own regular expression, nbgrader's `named_regexp`, and goes before all others.
    """
    if pattern and (found := re.match(pattern, name)):
        return Sender(FOLDER, found["student_id"], name)
    moodle, canvas = _MOODLE.fullmatch(name), None if is_folder else _CANVAS.fullmatch(name)
    if moodle and canvas:
        return None  # a learner's own file name could bring this about
    if moodle:
        return Sender(MOODLE, moodle["name"], moodle["file"], moodle["user"], prefix=_with_bar(moodle["prefix"]))
    if is_folder:
        return Sender(FOLDER, name)
    if canvas:
        prefix, late, user, file = (
            canvas[key] or canvas[f"{key}_2"] or canvas[f"{key}_3"] for key in ("prefix", "late", "user", "file")
        )
        upload = int(canvas["upload"] or canvas["upload_2"] or 0)
        return Sender(CANVAS, canvas["name"] or canvas["name_3"] or user, file, user, bool(late), upload, prefix)
    if found := _NAMED.fullmatch(name):
        return Sender(NAMED, found["name"], found["file"])
    return None


def plain(name: str) -> str:
    """Reduce a name to its letters and digits, without case and accents: as Canvas writes it, and more."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def as_student_id(name: str) -> str:
    """Make a name fit for a folder of nbgrader's."""
    return re.sub(r"[^\w.@-]+", "-", name).strip(".-") or "unnamed"


def without_repeats(file: str) -> str:
    """Take off what is added to a name seen before: `work-2.ipynb` and `Copy of work (1).ipynb` are `work.ipynb`."""
    return _REPEATED.sub("", file.removeprefix("Copy of "))


def _with_bar(prefix: str) -> str:
    return prefix if prefix.endswith("_") else f"{prefix}_"
