"""Remember what was collected before, and let nothing take its place that might not be the student's own and later.

before = read_record(record)
keep_what_was_there(items, extracted / "ada", submitted / "ada" / lesson, before)
write_record(record, items)
"""

import filecmp
import hashlib
import json
import shutil
from pathlib import Path

from ..gradebook.results import write_whole
from ..submissions.snapshot import digest, special
from .arranging import NOT_THEIRS
from .handins import REFUSED, SUPERSEDED, TAKEN, UNCLEAR, HandIn
from .senders import FOLDER

RECORD = "collected.json"
TIMESTAMP, SECRET = NOT_THEIRS


def keep_what_was_there(items: list[HandIn], place: Path, submitted: Path, before: list[dict]) -> None:
    """Decide whether what `place` holds may take the place of `submitted`; where it may not, empty `place`."""
    if not submitted.is_dir() or not any(submitted.iterdir()):
        return
    student, by_exchange = items[0].student, (submitted / SECRET).is_file()
    if _same(place, submitted):
        shutil.copytree(submitted, place, dirs_exist_ok=True)  # with the times and secrets that nbgrader keeps there
        return
    if all(item.state == REFUSED for item in items):
        items[0].notes.append("What was submitted before stays.")
    elif by_exchange and all(_was_taken(item, before) for item in items):
        _put(items, SUPERSEDED, f"{student} has submitted something else since, through the exchange.")
    elif by_exchange and not any(item.sender.system == FOLDER for item in items):
        when = _time(submitted / TIMESTAMP)
        _put(items, UNCLEAR, f"{student} has submitted through the exchange{when}; nobody knows which is later.")
    elif not all(item.is_sure or _is_from_the_same(item, before) for item in items):
        _put(items, UNCLEAR, f"{student} has submitted something else before, which stays.")
    else:
        items[0].notes.append("It replaces what was submitted before.")
        return
    shutil.rmtree(place)


def read_record(path: Path) -> list[dict]:
    """Read what became of everything the last time."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def write_record(path: Path, items: list[HandIn]) -> None:
    """Write what became of everything."""
    write_whole(path, json.dumps([_as_dict(item) for item in items], indent=2))


def _time(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return f" at {file.read(16)}"


def _put(items: list[HandIn], state: str, why: str) -> None:
    for item in items:
        item.put(state, why)


def _was_taken(item: HandIn, before: list[dict]) -> bool:
    """Tell whether the very same was taken before, so that it says nothing new."""
    known = [one["hash"] for one in before if one["student"] == item.student and one["state"] in (TAKEN, SUPERSEDED)]
    return _hash(item.path) in known


def _is_from_the_same(item: HandIn, before: list[dict]) -> bool:
    """Tell whether the same user of the same system sent what was taken before."""
    taken = [one for one in before if one["student"] == item.student and one["state"] == TAKEN]
    sender = (item.sender.system, item.sender.lms_id)
    return bool(item.sender.lms_id and taken) and all((one["system"], one["lms_id"]) == sender for one in taken)


def _same(place: Path, submitted: Path) -> bool:
    files = [path.relative_to(place) for path in place.rglob("*") if path.is_file()]
    return not any(filecmp.cmpfiles(place, submitted, files, shallow=False)[1:])


def _hash(path: Path) -> str:
    if path.is_dir():
        return digest(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_dict(item: HandIn) -> dict:
    found = {"file": item.path.name, "student": item.student, "state": item.state, "why": item.why}
    names = ("system", "lms_id", "prefix")
    found |= {name: getattr(item.sender, name) if item.sender else "" for name in names}
    return found | {"hash": "" if special(item.path) is not None else _hash(item.path)}
