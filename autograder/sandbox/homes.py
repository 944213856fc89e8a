"""Say where kernels' run folders lie and who may read them, and remove what a killed grader left of them."""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import TextIO

UNPRIVILEGED = 61_184  # the first of the ids that systemd hands to transient services, and so nobody's account
LONGEST_ADDRESS = 60  # a socket's path has at most 107 bytes
IN_MEMORY, ROOM = "/dev/shm", 8 * 2**30  # bytes that must be free there: a submission may take half a gigabyte
PREFIX, OWNER = "ag-", "owner"
JUST_MADE = 10  # seconds in which a home is left alone, locked or not


def make_home() -> tuple[Path, TextIO]:
    """Make a folder for the run folders of one zygote, and a file in it that is locked for as long as it is open."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where()))
    owner = (folder / OWNER).open("w")
    fcntl.flock(owner, fcntl.LOCK_EX)
    return folder, owner


def where() -> str:
    """Return where homes lie: where TMPDIR says, or in memory, if there is room; a test may make dozens of files."""
    with contextlib.suppress(OSError):
        is_roomy = os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM
        if is_roomy and not os.environ.get("TMPDIR"):
            return IN_MEMORY
    return on_disk()


def on_disk() -> str:
    """Return the folder for temporary files, by a short path."""
    return found if len(found := tempfile.gettempdir()) < LONGEST_ADDRESS else "/tmp"


def sweep() -> None:
    """Remove the homes of graders that were killed, with the learners' files in them."""
    for owner in [owner for place in {IN_MEMORY, on_disk()} for owner in Path(place).glob(f"{PREFIX}*/{OWNER}")]:
        with contextlib.suppress(OSError), open(owner, opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > JUST_MADE:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its owner lives
                shutil.rmtree(owner.parent, ignore_errors=True)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)  # everybody may put a pipe or a link there


def make_readable(folder: Path) -> None:
    """Let the unprivileged user read all below a folder, which holds no link to elsewhere."""
    for place, _, names in os.walk(folder):
        os.chmod(place, 0o755)
        for name in names:
            if not os.path.islink(path := os.path.join(place, name)):
                os.chmod(path, 0o644)


def unprivileged() -> int:
    """Return the id of the user that learners' code runs as."""
    return os.getuid() or UNPRIVILEGED


def give_away(path: Path) -> None:
    """Let that user own a file or folder."""
    if os.getuid() == 0:
        os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
