"""Keep a ledger of verdicts: one JSON line for each, chained by hashes, so that no line can be changed unseen.

    ledger = Ledger(class_folder)
    ledger.append(entry("ada", "lesson01_why_finetune", graded))
    ledger.problems()  # [] while nobody has touched it

A record holds hashes of the submission, of the tests, of the versions and of the seed, but never the seed itself.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from ..judging.grading import Graded
from .results import own_folder

NAME = "ledger.jsonl"
FIRST = "0" * 64  # what the first record names as the record before it


class Ledger:
    """The ledger of a class: append to it, read it, check it."""

    def __init__(self, class_folder: Path):
        self.folder = Path(class_folder)
        self.path = own_folder(self.folder) / NAME

    def append(self, content: dict) -> dict:
        """Write a record with this content and return it, once it is on the disk.

        What is already the last word on this submission is not said twice. Raises `OSError` when the disk is full;
        what an interrupted write left at the end is cut off before, and a record says so.
        """
        with FileLock(f"{self.path}.lock"), self.path.open("ab+") as file:
            lines, torn = _repair(file)
            last = _hash_of(lines[-1]) if lines else FIRST
            if torn:
                note = {"note": f"a torn line of {torn} bytes was removed", "time": _now()}
                last = _write(file, note, last)["hash"]
            before = _latest(lines, content["lesson"], content["student"])
            if before and {name: before.get(name) for name in content} == content:
                return before
            return _write(file, content | {"time": _now()}, last)

    def records(self) -> Iterator[dict]:
        """Yield all whole records, oldest first; raises `ValueError` for a line that is none."""
        for number, line in enumerate(self._lines(), 1):
            yield _parsed(line, number)

    def latest(self, lesson: str, student: str) -> dict | None:
        """Return the last record about a submission."""
        return _latest(self._lines(), lesson, student)

    def problems(self) -> list[str]:
        """Check the whole chain; return a sentence about the first record that is not as it was written, if any."""
        previous = FIRST
        hashes = set()
        for number, line in enumerate(self._lines(), 1):
            try:
                record = _parsed(line, number)
            except ValueError as problem:
                return [str(problem)]
            about = f"Record {number} ({record.get('student', 'a note')}, {record.get('lesson', record.get('time'))})"
            if record.get("hash") != _hash(record):
                return [f"{about} was changed after it was written."]
            if record.get("previous") != previous:
                return [f"{about} does not follow the record before it: one was removed, added or moved."]
            previous = record["hash"]
            hashes.add(previous)
        return self._missing(hashes)

    def torn(self) -> bool:
        """Tell whether the last line is torn, as a crash leaves it; the next record repairs that."""
        return self.path.exists() and not self.path.read_bytes().endswith(b"\n") and self.path.stat().st_size > 0

    def _lines(self) -> list[bytes]:
        data = self.path.read_bytes() if self.path.exists() else b""
        return data.split(b"\n")[:-1]  # what stands behind the last newline is torn

    def _missing(self, hashes: set[str]) -> list[str]:
        """Find autograded notebooks whose record is not there: records were cut off at the end."""
        for path in sorted(self.folder.glob("autograded/*/*/*.ipynb")):
            try:
                record = json.loads(path.read_text(encoding="utf-8"))["metadata"]["autograder"].get("record")
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
            if record and record not in hashes:
                return [f"The record of {path.relative_to(self.folder)} is missing: the ledger's end was cut off."]
        return []


def entry(student: str, lesson: str, graded: Graded) -> dict:
    """Write down what is to be remembered of a result."""
    scores = {verdict.test: [verdict.points, verdict.maximum, verdict.state] for verdict in graded.verdicts}
    return {"student": student, "lesson": lesson, "key": graded.inputs.key, **asdict(graded.inputs), "scores": scores}


def _hash(record: dict) -> str:
    content = {name: value for name, value in record.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write(file: BinaryIO, content: dict, previous: str) -> dict:
    record = content | {"previous": previous}
    record |= {"hash": _hash(record)}
    end = file.seek(0, os.SEEK_END)
    try:
        file.write(json.dumps(record, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise
    return record


def _repair(file: BinaryIO) -> tuple[list[bytes], int]:
    """Return all lines, and the size of what had to be cut off behind the last newline; a whole record is kept."""
    file.seek(0)
    data = file.read()
    *lines, rest = data.split(b"\n")
    if not rest:
        return lines, 0
    try:
        record = _parsed(rest, 0)
        if record.get("hash") == _hash(record):  # only its newline is missing
            file.write(b"\n")
            return [*lines, rest], 0
    except ValueError:
        pass
    file.truncate(len(data) - len(rest))
    return lines, len(rest)


def _latest(lines: list[bytes], lesson: str, student: str) -> dict | None:
    name = json.dumps(student).encode()
    for line in reversed(lines):
        if name in line:
            try:
                record = _parsed(line, 0)
            except ValueError:  # somebody changed it: verifying says so, and grading goes on
                continue
            if (record.get("lesson"), record.get("student")) == (lesson, student):
                return record
    return None


def _hash_of(line: bytes) -> str:
    try:
        return str(_parsed(line, 0).get("hash"))
    except ValueError:
        return hashlib.sha256(line).hexdigest()


def _parsed(line: bytes, number: int) -> dict:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise ValueError(f"Record {number} of the ledger is damaged: it is no JSON object.")
    return record


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
