"""Keep the learner's progress in one JSON file that survives crashes, damage and two notebooks at once.

    record("lesson01_why_finetune", score=0.83, complete=True)
    load().lessons["lesson01_why_finetune"].best      # 0.83

The file is small and human: `{"version": 1, "lessons": {"lesson01_why_finetune": {"best": 0.83, "complete": true}}}`.
Keys that this version does not know are kept, so a newer course's file is never cut down by an older one.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

VERSION = 1
DRIVE = Path("/content/drive/MyDrive")
LOCK_SECONDS = 5


@dataclass(frozen=True)
class LessonState:
    """Say where a learner stands in one lesson.

    `best` is the best knowledge-check score in [0, 1], or None when the check was never submitted; `checked` is what
    `autograder check` found when every test passed, or None.
    """

    best: float | None = None
    complete: bool = False
    checked: dict | None = None


@dataclass(frozen=True)
class Progress:
    """Hold what the file says about each lesson that was begun, and a sentence for the learner if something is off."""

    lessons: dict[str, LessonState] = field(default_factory=dict)
    notice: str = ""
    student: str = ""
    """The id that the learner's teacher knows them by; empty until it is set."""

    def lesson(self, name: str) -> LessonState | None:
        """Return the state of one lesson, None when it was not begun."""
        return self.lessons.get(name)


def in_colab() -> bool:
    """Tell whether this kernel is one of Google Colab's."""
    return "google.colab" in sys.modules


def state_path() -> Path:
    """Return where progress is kept: `COURSE_STATE`, Drive in Colab, the checkout's root, or the working directory."""
    override = os.environ.get("COURSE_STATE")
    if override:
        path = Path(override).expanduser()
        return path / "progress.json" if path.is_dir() else path
    if in_colab() and DRIVE.is_dir():
        return DRIVE / "finetuning-course" / "progress.json"
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "course" / "__init__.py").is_file():
            return folder / "progress.json"
    return here / "progress.json"


def load(path: Path | None = None) -> Progress:
    """Read the progress, setting a damaged file aside; never raises for what the file holds."""
    path = path or state_path()
    if not path.exists():
        return Progress()
    with _locked(path):
        document, notice = _read(path)
    return _progress(document, notice)


def begin(lesson: str, path: Path | None = None) -> Progress:
    """Note that the learner has begun this lesson."""
    return _change(path, lambda entry: entry, lesson)


def record(lesson: str, score: float, complete: bool, path: Path | None = None) -> Progress:
    """Note a knowledge-check score in [0, 1]; the best score and a completion, once earned, stay."""

    def better(entry: dict) -> dict:
        best = max(float(score), entry.get("best") or 0.0)
        return {**entry, "best": round(best, 6), "complete": bool(complete or entry.get("complete", False))}

    return _change(path, better, lesson)


def record_checked(lesson: str, found: dict, path: Path | None = None) -> Progress:
    """Note what `autograder check` found in a notebook that passed every test: points, date, an adapter's figures."""
    return _change(path, lambda entry: {**entry, "checked": found}, lesson)


def record_student(student: str, path: Path | None = None) -> Progress:
    """Note the id that the learner's teacher knows them by."""
    return _change_document(path, lambda document: {**document, "student": student})


def _change(path: Path | None, change: Callable[[dict], dict], lesson: str) -> Progress:
    """Change one lesson's entry."""

    def with_lesson(document: dict) -> dict:
        entries = document["lessons"]
        return {**document, "lessons": {**entries, lesson: change(entries.get(lesson) or {})}}

    return _change_document(path, with_lesson)


def _change_document(path: Path | None, change: Callable[[dict], dict]) -> Progress:
    """Read, change and write under one lock, so that no other notebook's mark is lost."""
    path = path or state_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        pass  # writing will say so
    with _locked(path):
        before, notice = _read(path)
        document = change(before)
        if document != before:
            try:
                _write(path, document)
            except OSError as error:
                notice = f"Your progress could not be saved in {path} ({error.strerror or error}). {notice}".strip()
    return _progress(document, notice)


class _locked:
    """Hold the lock file beside the state, or go on without it where locks do not work or somebody hangs."""

    def __init__(self, path: Path):
        self.lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_SECONDS)

    def __enter__(self) -> None:
        try:
            self.lock.acquire()
        except (OSError, Timeout, NotImplementedError):
            pass  # a read-only folder or a network drive without locks: a lost mark beats a lost lesson

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def _read(path: Path) -> tuple[dict, str]:
    """Return the document and a notice; what cannot be understood is renamed, never deleted."""
    empty = {"version": VERSION, "lessons": {}}
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return empty, ""
    except OSError as error:
        return empty, f"Your progress in {path} could not be read ({error.strerror or error})."
    try:
        document = json.loads(text)
        _validate(document)
    except (ValueError, RecursionError):
        return empty, _set_aside(path)
    return document, ""


def _validate(document: object) -> None:
    """Raise `ValueError` unless the document has the shape that this module writes; other keys are free."""
    if not isinstance(document, dict) or not isinstance(document.get("lessons"), dict):
        raise ValueError("no lessons")
    if type(document.get("version")) is not int:
        raise ValueError("no version")
    if not isinstance(document.get("student", ""), str):
        raise ValueError("the student id is no text")
    for entry in document["lessons"].values():
        if not isinstance(entry, dict) or not isinstance(entry.get("complete", False), bool):
            raise ValueError("a lesson's entry is not one of ours")
        best = entry.get("best")
        if best is not None and (type(best) not in (int, float) or not math.isfinite(best) or not 0 <= best <= 1):
            raise ValueError("a score is not between 0 and 1")
        if not isinstance(entry.get("checked"), dict | None):
            raise ValueError("what was checked is not one of ours")


def _set_aside(path: Path) -> str:
    """Rename a damaged file to the first free `progress.damaged-<n>.json` and return the sentence to show."""
    n = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{n}{path.suffix}")).exists():
        n += 1
    try:
        path.rename(aside)
    except OSError:
        return f"The progress file {path} is damaged and could not be set aside. Rename it to start afresh."
    return f"The progress file was damaged. It is kept as {aside.name}, and a fresh one begins now."


def _write(path: Path, document: dict) -> None:
    """Write atomically: a crash leaves the old file or the new one, never half of either."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _progress(document: dict, notice: str) -> Progress:
    entries = document["lessons"].items()
    known = ("best", "complete", "checked")
    lessons = {name: LessonState(**{k: e[k] for k in known if k in e}) for name, e in entries}
    return Progress(lessons, notice, document.get("student", ""))
