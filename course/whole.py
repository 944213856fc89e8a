"""Write files whole or not at all: a crash leaves the file that was there before, or none.

write_zip(Path("ada.zip"), {"notes.txt": b"hello"})
with replacing(Path("card.json")) as draft:
    draft.write_text("{}")
"""

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a draft to write beside `path`: it takes its place at the end, or vanishes when anything fails."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_zip(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip of these files, by their names in it; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
