"""Pack a lesson's notebook, and the adapter trained in it, into one zip to hand in: `course.hand_in()`."""

from __future__ import annotations

import datetime
import hashlib
import importlib
import json
import os
from pathlib import Path

from course import state
from course.lessons import find_lesson
from course.student import check
from course.whole import write_zip

FOLDERS = {"adapter": "lesson06_training", "capstone": "lesson08_shipping"}  # saved beside the notebook, and by whom
KEPT = (".json", ".safetensors", ".md")  # checkpoints, pickles and caches stay behind
MANIFEST = "manifest.json"
ANSWER_SECONDS = 60


def hand_in(student: str | None = None, lesson: str | None = None) -> Path:
    """Write `<student>_<lesson>.zip` beside the notebook (on Drive, in Colab), download it in Colab, return its path.

    `student` is the id that your teacher knows you by, that of `course.student` when it is left out; `lesson` is the
    one this notebook began with. Raises `ValueError` for an id that is not set or cannot be part of a file name,
    `FileNotFoundError` when the notebook is not found.
    """
    student = _whose(student)
    name = find_lesson(lesson or os.environ.get("COURSE_LESSON", "")).name
    contents = {f"{name}.ipynb": _notebook(name), **_trained(name)}
    if not state.load().student and any(path.startswith("capstone/") for path in contents):
        print("No id was ever set with course.student, so this capstone is for the practice shop, not for yours.")
    manifest = {
        "lesson": name,
        "student": student,
        "packed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()},
    }
    contents[MANIFEST] = json.dumps(manifest, indent=2).encode()
    target = state.state_path().parent if state.in_colab() else Path.cwd()
    path = target / f"{student}_{name}.zip"
    write_zip(path, contents)
    print(f"{path.name} holds {', '.join(sorted(contents))} ({path.stat().st_size / 1e6:.1f} MB).")
    if state.in_colab():
        importlib.import_module("google.colab.files").download(str(path))
        print(f"Your browser downloads it now; a copy stays in {path.parent}.")
    print("Hand it in where your teacher collects work. Do you study alone? Then there is nothing to hand in.")
    return path


def _whose(given: str | None) -> str:
    """Return the id to hand in under, and say where it comes from when that is not plain."""
    known = state.load().student
    if given is None and not known:
        raise ValueError('Say who you are first, by the id that your teacher knows you by: course.student("your-id").')
    if given is None:
        print(f"Packed for the id that you set with course.student: {known}.")
        return known
    check(given)
    if known and known != given:
        print(f"Your own variant of the capstone is that of {known}; as {given} it will be graded by another one.")
    return given


def _notebook(name: str) -> bytes:
    """Read the notebook: from the browser in Colab, elsewhere from its file, as last saved."""
    if state.in_colab():
        message = importlib.import_module("google.colab._message")
        answer = message.blocking_request("get_ipynb", timeout_sec=ANSWER_SECONDS)
        if not answer:
            raise FileNotFoundError("Colab did not hand over the notebook: File > Download > Download .ipynb does.")
        return json.dumps(answer["ipynb"]).encode()
    path = Path(f"{name}.ipynb")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not in {Path.cwd()}: run this from the lesson's own notebook.")
    saved = datetime.datetime.fromtimestamp(path.stat().st_mtime)
    print(f"The notebook is packed as you last saved it, at {saved:%H:%M} on {saved:%d %B}.")
    return path.read_bytes()


def _trained(lesson: str) -> dict[str, bytes]:
    """Read what was trained and saved, here or in an earlier session: the adapters' own files, nothing else."""
    return {
        f"{folder}/{path.name}": path.read_bytes()
        for folder, trained_in in FOLDERS.items()
        for path in sorted(_place(folder, lesson == trained_in).glob("*"))
        if path.suffix in KEPT and path.is_file() and not path.is_symlink()
    }


def _place(folder: str, is_needed: bool) -> Path:
    """Return the folder beside the notebook, or its copy on Drive when a disconnect took it and the lesson needs it."""
    kept = state.state_path().parent / folder
    return kept if is_needed and state.in_colab() and not Path(folder).is_dir() else Path(folder)
