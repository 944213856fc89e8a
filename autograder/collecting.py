"""Collect submissions with nbgrader's own commands, one bad submission never stopping the others.

`nbgrader collect` copies without following links; `nbgrader zip_collect` takes one archive, folder or notebook per
student (`ada.zip`, `ada/...`, `ada_lesson06_training.ipynb`) from `downloaded/<assignment>/archive/`.
"""

import contextlib
import re
import shutil
import zipfile
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from .intake import copy_files
from .snapshot import MAX_COPY, MAX_FILES

SUBMITTED = (".ipynb", ".json", ".safetensors", ".txt", ".py", ".csv", ".md", ".bin", ".pt", ".pkl")


class Collect(ExchangeCollect):
    """nbgrader's collector, with a copy that follows no link."""

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copy one submission from the exchange."""
        copy_files(Path(src), Path(dest))


class Extractor(ExtractorPlugin):
    """nbgrader's extractor, which passes over archives that are damaged or would fill the disk."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack each archive, and copy what is none."""
        for path in sorted(Path(archive_path).rglob("*")):
            place = Path(extracted_path, path.relative_to(archive_path))
            if not path.is_file() or path.is_symlink():
                continue
            try:
                if path.suffix.lower() == ".zip":
                    unzip(path, _unpacked(place))
                else:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, place)
            except Exception as problem:  # whatever a damaged or hostile archive provokes
                self.log.error("%s was not unpacked: %s", path.name, problem)
                with contextlib.suppress(OSError):
                    folder = _unpacked(place)
                    folder.mkdir(parents=True, exist_ok=True)
                    note = f"{path.name} was not unpacked: {problem}\n"
                    (folder / "problem.txt").write_text(note, encoding="utf-8", errors="replace")


class FileCollector(FileNameCollectorPlugin):
    """nbgrader's collector of extracted files, which also takes adapters and knows students by folder or by prefix."""

    def collect(self, submitted_file: str) -> dict | None:
        """Say whose file this is and where it belongs."""
        if self.named_regexp:
            return super().collect(submitted_file)
        path = Path(submitted_file)
        parts = path.parts[len(path.parts) - path.parts[::-1].index("extracted") :]
        if path.suffix not in SUBMITTED or "__MACOSX" in parts or path.name.startswith("."):
            return None
        if len(parts) > 1:
            return {"student_id": _student(parts[0]), "file_id": str(Path(*parts[1:]))}
        match = re.match(r"(?P<student>.+?)_(?P<file>lesson\d\d_.*)", path.name)
        return {"student_id": _student(match["student"]), "file_id": match["file"]} if match else None


def unzip(path: Path, target: Path) -> None:
    """Unpack an archive of bounded size; raises `ValueError` for what leads out of `target` or does not fit."""
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_COPY:
            raise ValueError("it holds too much")
        for member in members:
            place = (target / member.filename).resolve()
            if not place.is_relative_to(target.resolve()):
                raise ValueError("it holds a path that leads out of it")
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as packed, place.open("wb") as file:
                for block in iter(lambda packed=packed: packed.read(2**20), b""):
                    file.write(block)


def _unpacked(place: Path) -> Path:
    """Name the folder for an archive's contents: it stays beside the archive, whatever that is called."""
    folder = place.with_name(place.stem.strip(".") or "unpacked")
    return place.with_name(f"{folder.name}-unpacked") if folder.is_file() else folder


def _student(name: str) -> str:
    return re.sub(r"[^\w.@-]", "-", name)
