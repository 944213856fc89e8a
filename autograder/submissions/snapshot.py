"""Look at a folder that somebody handed in: bounded, in a fixed order, following no link.

for entry in entries(folder): ...        # folders, files, and what stands for links and special files
digest(folder)                           # one hash for all of it
restore(contents(folder), elsewhere)     # the same files on a machine that does not see the folder
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINK_MARK = ".refused-link"  # a text file with the link's target stands where the link stood
MAX_COPY = 2 * 2**30
MAX_FILES = 5_000
LONGEST_NAME = 1_000  # bytes of a path below the folder
LEFT_OUT = (".ipynb_checkpoints", "__pycache__")


@dataclass(frozen=True)
class Entry:
    """One folder, file or refused link; `name` is its path below the folder, `target` what a link points to."""

    path: Path
    name: str
    is_folder: bool = False
    target: str | None = None

    def read(self) -> bytes:
        """Return a file's bytes, or the text that stands for a link."""
        return self.path.read_bytes() if self.target is None else self.target.encode("utf-8", "surrogateescape")

    def hash(self) -> bytes:
        """Hash what `read` returns, without holding all of it."""
        if self.target is not None:
            return hashlib.sha256(self.read()).digest()
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()


def entries(folder: Path) -> Iterator[Entry]:
    """Walk through `folder`: at most `MAX_FILES` entries of `MAX_COPY` bytes in all; a link's name ends in its mark."""
    room, left = MAX_COPY, MAX_FILES
    for root, folders, files in os.walk(folder):
        below = Path(root).relative_to(folder)
        if len(os.fsencode(below)) > LONGEST_NAME:
            folders.clear()  # a copy of it may have a path that is too long for the system
            continue
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT and name not in links)
        yield Entry(Path(root), below.as_posix(), is_folder=True)
        left -= 1
        for name in sorted(files + links):
            path, left = Path(root, name), left - 1
            if left < 0:
                return
            target = special(path)
            if target is not None:
                yield Entry(path, (below / (name + LINK_MARK)).as_posix(), target=target)
            elif path.stat().st_size <= room:
                room -= path.stat().st_size
                yield Entry(path, (below / name).as_posix())


def special(path: Path) -> str | None:
    """Return where a link leads, or that a file is a special one; None for ordinary files and folders."""
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return None if os.access(path, os.R_OK) else "a file that cannot be read"
    if stat.S_ISDIR(mode):
        return None
    return os.readlink(path) if stat.S_ISLNK(mode) else "a special file"


def digest(folder: Path) -> str:
    """Hash the names and contents of all that `entries` finds."""
    whole = hashlib.sha256()
    for entry in entries(folder):
        content = b"" if entry.is_folder else entry.hash()
        name = entry.name.encode("utf-8", "surrogateescape")
        whole.update(b"%d %d %b %b" % (entry.is_folder, len(name), name, content))
    return whole.hexdigest()


def contents(folder: Path) -> tuple[tuple[str, bytes | None], ...]:
    """Return names and bytes of all that `entries` finds; None for a folder."""
    return tuple((entry.name, None if entry.is_folder else entry.read()) for entry in entries(folder))


def restore(files: tuple[tuple[str, bytes | None], ...], folder: Path) -> None:
    """Write what `contents` returned into an empty folder."""
    for name, content in files:
        if content is None:
            (folder / name).mkdir(parents=True, exist_ok=True)
        else:
            (folder / name).write_bytes(content)
