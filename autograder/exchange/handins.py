"""Sort what lies in downloaded/<lesson>/archive: whose it is, what is taken, and what waits for the instructor.

    for item in sort_out(archive, "lesson01_why_finetune", roster):
        print(item.path.name, item.student, item.state, item.why)

Who sent a file is taken from whoever knows it: a learning management system, or the instructor's own folder. A file's
own name and manifest were written by the sender, so they never stand against either, and never replace anything.
"""

import filecmp
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ..submissions.snapshot import special
from ..submissions.unpacking import LEFT_BEHIND, OTHER_ARCHIVES, manifest_of, members_of
from .roster import FILE, Roster
from .senders import FOLDER, MOODLE, NAMED, Sender, as_student_id, sender_of, without_repeats

TAKEN, SUPERSEDED, UNCLEAR, REFUSED = "taken", "superseded", "unclear", "refused"
STATES = (TAKEN, SUPERSEDED, UNCLEAR, REFUSED)
DECIDE = "You decide what is unclear: move it to archive/<student id>/ or complete students.csv, then collect again."


@dataclass
class HandIn:
    """One file or folder of the archive, and what becomes of it."""

    path: Path
    sender: Sender | None = None
    student: str = ""
    state: str = TAKEN
    notes: list[str] = field(default_factory=list)
    manifest: dict[str, str] = field(default_factory=dict)
    is_sure: bool = False
    """Whether the instructor, by roster or by folder, has said whose this is."""

    @property
    def why(self) -> str:
        """Say why, in sentences."""
        return " ".join(self.notes)

    @property
    def is_zip(self) -> bool:
        """Tell whether this is an archive that can be opened."""
        return self.path.suffix.lower() == ".zip" and not self.path.is_dir()

    def put(self, state: str, why: str) -> None:
        """Give it another state, with the reason first."""
        self.state = state
        self.notes.insert(0, why)


def sort_out(archive: Path, lesson: str, roster: Roster, pattern: str = "") -> list[HandIn]:
    """Decide about everything in `archive`; `pattern` is the instructor's own rule for names."""
    items = []
    for path in sorted(archive.iterdir()) if archive.is_dir() else ():
        if path.name not in LEFT_BEHIND and not path.name.startswith("."):
            items.append(_identify(HandIn(path), lesson, roster, pattern))
    by_student: dict[str, list[HandIn]] = defaultdict(list)
    for item in items:
        if item.state == TAKEN:
            by_student[item.student].append(item)
    for student, theirs in by_student.items():
        _settle(student, theirs)
    return items


def _identify(item: HandIn, lesson: str, roster: Roster, pattern: str) -> HandIn:
    if special(item.path) is not None:
        item.put(REFUSED, "It is a link or a special file.")
        return item
    is_folder = item.path.is_dir()
    item.sender = sender = sender_of(item.path.name, is_folder, pattern)
    item.manifest = manifest_of(item.path) if item.is_zip else {}
    claimed = item.manifest.get("student", "")
    if sender is None and item.is_zip and _is_download(item.path):
        item.put(REFUSED, "It is a whole download: unpack it, so that its files lie in archive/.")
    elif sender is None and item.is_zip and (claimed or item.path.stem):
        _take_at_its_word(item, claimed or item.path.stem, roster, by_manifest=bool(claimed))
    elif sender is None:
        item.put(UNCLEAR, "Nothing says who sent it.")
    elif sender.system == NAMED and claimed not in ("", sender.name):
        item.put(UNCLEAR, f"It is called {sender.name}'s, and its manifest says {claimed}'s.")
    elif sender.system == NAMED:
        _take_at_its_word(item, sender.name, roster)
    elif is_folder and sender.system == FOLDER and _is_download(item.path):
        item.put(REFUSED, "It holds several people's files: move them up, so that they lie in archive/ itself.")
    else:
        _trust(item, sender, claimed, roster)
    in_name = re.match(r"lesson\d\d_\w+", item.sender.file) if item.sender else None
    if (named := item.manifest.get("lesson", lesson)) != lesson:
        item.notes.append(f"Its manifest says that it is {named}, and it was handed in as {lesson}.")
    elif in_name and not in_name[0].startswith(lesson):
        item.notes.append(f"Its name says that it is {in_name[0]}, and it was handed in as {lesson}.")
    if item.path.suffix.lower() in OTHER_ARCHIVES:
        item.notes.append("Only zips are opened: ask for a zip.")
    return item


def _trust(item: HandIn, sender: Sender, claimed: str, roster: Roster) -> None:
    """Take the word of a system or an instructor."""
    student = roster.find(sender)
    if student is None and roster:
        row = f"add a row for {sender}" if sender.system != FOLDER else f"{sender.name} is not in it"
        item.put(UNCLEAR, f"{FILE} has nobody like this: {row}.")
        return
    item.student = student.id if student else as_student_id(sender.name)
    item.is_sure = student is not None or sender.system == FOLDER
    if student is None and sender.system != FOLDER:
        item.notes.append(f"{FILE} is empty, so {sender.system}'s name is the id.")
    if claimed and claimed != item.student:
        item.notes.append(f"Its manifest says {claimed}; {sender.system} says {item.student}, and that counts.")


def _take_at_its_word(item: HandIn, claimed: str, roster: Roster, by_manifest: bool = False) -> None:
    """Take the sender's own word for who it is: good until somebody else says the same."""
    item.sender = item.sender or Sender(NAMED, claimed, item.path.name)
    student = as_student_id(claimed)
    if roster and student not in roster.students:
        item.put(UNCLEAR, f"It says that it is {student}'s, who is not in {FILE}.")
        return
    item.student = student
    if by_manifest:
        item.notes.append("Its file name agrees with nobody, so the id is its manifest's.")


def _settle(student: str, items: list[HandIn]) -> None:
    """Choose among what one student handed in."""
    folders = [item for item in items if item.sender.system == FOLDER]
    systems = [item for item in items if item.sender.is_certain and item not in folders]
    named = [item for item in items if not item.sender.is_certain]
    if len({(item.sender.system, item.sender.lms_id) for item in systems}) > 1:
        for item in systems:
            item.put(UNCLEAR, f"Two people are {student} here, this is {item.sender}: tell them apart in {FILE}.")
        systems = []
    for item in systems if folders else ():
        item.put(SUPERSEDED, f"You made a folder for {student}, and that counts.")
    if folders or systems:
        for item in named:
            same = [other for other in systems if _is_same(other.path, item.path)]
            if same:
                item.put(SUPERSEDED, f"It is the same as {same[0].path.name}.")
                continue
            known = folders[0].path.name + "/" if folders else systems[0].sender.system
            item.put(UNCLEAR, f"{student} handed in by {known}, and this only says that it is {student}'s.")
    else:
        _settle_named(student, named)
    if not folders:
        _keep_latest(systems)


def _settle_named(student: str, items: list[HandIn]) -> None:
    different = [item for item in items[1:] if not _is_same(items[0].path, item.path)]
    for item in items[1:]:
        if not different:
            item.put(SUPERSEDED, f"It is the same as {items[0].path.name}.")
    for item in items if different else ():
        item.put(UNCLEAR, f"{len(items)} files say that they are {student}'s, and they differ.")


def _is_same(first: Path, second: Path) -> bool:
    return first.is_file() and filecmp.cmp(first, second, shallow=False)


def _keep_latest(items: list[HandIn]) -> None:
    """Of files that a system counts as one, keep the last upload; what has other names is kept with it."""
    last: dict[str, HandIn] = {}
    for item in sorted(items, key=lambda item: (item.sender.upload, item.path.name)):
        name = item.sender.file if item.sender.system == MOODLE else without_repeats(item.sender.file)
        if name in last:
            when = f", packed {item.manifest['packed']}" if "packed" in item.manifest else ""
            last[name].put(SUPERSEDED, f"{item.path.name} came later{when}.")
            if not item.notes:
                item.notes.append(f"The latest of {name}.")
        last[name] = item


def _is_download(path: Path) -> bool:
    """Tell whether names in a zip or a folder are those that a system gives to several people's files."""
    inside = [child.name for child in path.iterdir()] if path.is_dir() else members_of(path)
    senders = (sender_of(name.split("/", 1)[0], is_folder="/" in name) for name in inside)
    found = {(sender.system, sender.lms_id) for sender in senders if sender and sender.lms_id}
    return len(found) > 1
