"""Keep results in the class folder, by key: what was graded once is not graded again.

results = Results(class_folder)
results.save(graded)
results.find(graded.inputs.key)
"""

import contextlib
import os
import tempfile
from pathlib import Path

from ..judging.grading import Graded

OWN_FOLDER = ".autograder"


class Results:
    """The stored results of a class."""

    def __init__(self, class_folder: Path):
        self.folder = Path(class_folder) / OWN_FOLDER / "results"

    def find(self, key: str) -> Graded | None:
        """Return the result with this key; None where there is none, or only a damaged one."""
        try:
            graded = Graded.from_text(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return graded if graded.inputs.key == key else None

    def save(self, graded: Graded) -> None:
        """Store a result, whole or not at all; raises `OSError` when the disk is full."""
        own_folder(self.folder.parents[1])
        self.folder.mkdir(exist_ok=True)
        write_whole(self._path(graded.inputs.key), graded.to_text())

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def own_folder(class_folder: Path) -> Path:
    """Make the folder that only the instructor can read, and return it."""
    folder = Path(class_folder) / OWN_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever reads it finds all of it or what was there before."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise
