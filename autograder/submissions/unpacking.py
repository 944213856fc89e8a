"""Unpack what a stranger packed: bounded, staying inside its folder, whole or not at all.

unpack(Path("work.zip"), folder)
manifest_of(Path("work.zip"))  # what course.hand_in wrote about it
"""

import contextlib
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from .snapshot import MAX_COPY, MAX_FILES

MANIFEST = "manifest.json"
MAX_MANIFEST = 2**20
SUSPICIOUS, RATIO = 100 * 2**20, 100  # no honest archive of this size holds so many times its own size
LEFT_BEHIND = ("__MACOSX", ".DS_Store", ".ipynb_checkpoints", "__pycache__", "Thumbs.db", "desktop.ini")
OTHER_ARCHIVES = (".7z", ".gz", ".rar", ".tar", ".tgz", ".xz")


def unpack(path: Path, target: Path) -> None:
    """Unpack a zip, and zips in it, into a new folder; raises `ValueError`, and whatever a damaged one provokes."""
    with tempfile.TemporaryDirectory(dir=_existing(target.parent), prefix=".unpacking-") as scratch:
        draft = Path(scratch, "draft")
        draft.mkdir()
        room = _Room(path)
        _unzip(path, draft, room)
        for inner in _zips(draft):
            _unzip(inner, _beside(inner), room)
            inner.unlink()
        if _zips(draft):
            raise ValueError("it holds a zip in a zip in a zip")
        draft.rename(target)


def manifest_of(path: Path) -> dict[str, str]:
    """Read what `course.hand_in` says about its zip: lesson, student, packed; empty when it says nothing readable."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [info for info in archive.infolist()[:MAX_FILES] if info.filename == MANIFEST]
            if not inside or inside[-1].file_size > MAX_MANIFEST:
                return {}
            with archive.open(inside[-1]) as file:
                data = json.loads(file.read(MAX_MANIFEST))
    except Exception:  # whatever a damaged or hostile archive provokes: `unpack` will say what is wrong with it
        return {}
    keys = ("lesson", "student", "packed")
    return {key: data[key][:100] for key in keys if isinstance(data, dict) and isinstance(data.get(key), str)}


def members_of(path: Path) -> list[str]:
    """List the first names in a zip; empty for what is none."""
    with contextlib.suppress(Exception), zipfile.ZipFile(path) as archive:
        return archive.namelist()[:MAX_FILES]
    return []


class _Room:
    """How much an archive may still unpack to."""

    def __init__(self, path: Path):
        self.bytes, self.files = MAX_COPY, MAX_FILES
        self.suspicious = max(SUSPICIOUS, RATIO * path.stat().st_size)

    def take(self, members: list[zipfile.ZipInfo]) -> None:
        size = sum(member.file_size for member in members)
        self.bytes, self.files, self.suspicious = self.bytes - size, self.files - len(members), self.suspicious - size
        if self.bytes < 0 or self.files < 0:
            raise ValueError("it holds too much")
        if self.suspicious < 0:
            raise ValueError(f"it unpacks to more than {RATIO} times its size, as no honest archive does")


def _unzip(path: Path, target: Path, room: _Room) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        room.take(members)
        for member in members:
            place = (target / member.filename).resolve()
            if not place.is_relative_to(target.resolve()):
                raise ValueError("it holds a path that leads out of it")
            if any(part in LEFT_BEHIND for part in place.relative_to(target.resolve()).parts):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as packed, place.open("wb") as file:
                shutil.copyfileobj(packed, file, 2**20)


def _zips(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() == ".zip" and path.is_file()]


def _beside(path: Path) -> Path:
    """Name the folder for an inner archive's contents."""
    folder = path.with_name(path.stem.strip(".") or "unpacked")
    while folder.exists():
        folder = folder.with_name(f"{folder.name}-unpacked")
    folder.mkdir()
    return folder


def _existing(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
