"""Archives that lie, lead elsewhere or never end: one is noted and passed over, and all others are collected."""

import io
import logging
import struct
import zipfile

import pytest

from autograder.exchange.collecting import Extractor
from autograder.submissions import unpacking

NOTEBOOK = b'{"cells": [], "nbformat": 4}'


def archive(*members, **options):
    """Return a zip archive of (name, bytes) pairs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **options) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return file.getvalue()


def damaged(data, find, offset, value):
    """Return `data` with other bytes at an offset from where `find` stands last."""
    place = data.rindex(find) + offset
    return data[:place] + value + data[place + len(value) :]


WHOLE = archive(("a.ipynb", b"x" * 100_000))
LINK = zipfile.ZipInfo("a.ipynb")
LINK.external_attr = 0o120777 << 16  # a symbolic link
ATTACKS = {
    "a path upwards": archive(("../bob/lesson.ipynb", b"forged")),
    "a path from the root": archive(("/tmp/forged-by-eve.ipynb", b"forged")),
    "a path upwards with a detour": archive(("x/../../bob/lesson.ipynb", b"forged")),
    "a bomb": archive(*((f"{number}", bytes(2**24)) for number in range(5))),
    "a crowd": archive(*((f"{number}", b"") for number in range(150))),
    "a length that lies": damaged(WHOLE, b"PK\x01\x02", 24, struct.pack("<I", 10)),
    "a checksum that lies": damaged(WHOLE, b"PK\x01\x02", 16, b"\0\0\0\0"),
    "a stream that is none": damaged(WHOLE, b"PK\x01\x02", -60, b"\xff" * 40),
    "an offset beyond the end": damaged(WHOLE, b"PK\x01\x02", 42, struct.pack("<I", 2**31)),
    "a password": damaged(WHOLE, b"PK\x01\x02", 8, b"\x01\x00"),
    "a compression nobody knows": damaged(WHOLE, b"PK\x01\x02", 10, b"\x63\x00"),
    "half an archive": WHOLE[: len(WHOLE) // 2],
    "no archive": b"<html>",
    "nothing": b"",
    "a file where a folder is": archive(("a", b""), ("a/b.ipynb", b"")),
    "a name too long": archive(("n" * 300, b"")),
    "a link": archive((LINK, b"/etc/passwd")),
    "a note in the place of ours": archive(("problem.txt/x", b""), ("../x", b"")),
    "a zip in a zip in a zip": archive(("a.zip", archive(("b.zip", archive(("c.zip", archive(("d", b"x")))))))),
    "bombs in a zip": archive(*((f"{name}.zip", archive(("x", bytes(2**24)))) for name in "abcde")),
}


@pytest.fixture
def collected(tmp_path, monkeypatch):
    """Extract what ada, bob and eve handed in, and return the folder that it comes to."""
    monkeypatch.setattr(unpacking, "MAX_COPY", 2**26)
    monkeypatch.setattr(unpacking, "MAX_FILES", 100)
    tmp_path = tmp_path / "downloaded" / "lesson91_light"

    def extract(**files):
        for folder, (name, data) in {"ada": ("a.zip", archive(("ada.ipynb", NOTEBOOK))), **files}.items():
            (tmp_path / "archive" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "archive" / folder / name).write_bytes(data)
        (tmp_path / "archive" / "bob").mkdir(exist_ok=True)
        (tmp_path / "archive" / "bob" / "lesson.ipynb").write_bytes(NOTEBOOK)
        extractor = Extractor()
        extractor.log = logging.getLogger("collect")
        extractor.extract(str(tmp_path / "archive"), str(tmp_path / "extracted"))
        for student in ("ada", "bob"):
            assert (tmp_path / "extracted" / student / "lesson91_light.ipynb").read_bytes() == NOTEBOOK
        assert (tmp_path / "archive/bob/lesson.ipynb").read_bytes() == NOTEBOOK
        return tmp_path / "extracted"

    return extract


@pytest.mark.parametrize("kind", ATTACKS)
def test_a_hostile_archive_harms_nobody(collected, kind):
    folder = collected(eve=("lesson.zip", ATTACKS[kind]))
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in found) < 2**26 and not any(path.is_symlink() for path in found)
    assert {path.relative_to(folder).parts[0] for path in folder.rglob("*")} == {"ada", "bob", "eve"}


@pytest.mark.parametrize("name", ["...zip", "....zip", ".zip", "-rf.zip", "..zip", "bob.zip", "a b.ZIP"])
def test_whatever_an_archive_is_called_its_files_stay_with_its_owner(collected, name):
    collected(eve=(name, archive(("bob/lesson.ipynb", b"forged"), ("lesson.ipynb", b"forged"))))


def test_a_file_called_like_an_archive_without_its_ending_is_kept(collected, tmp_path):
    (tmp_path / "downloaded/lesson91_light/archive/eve").mkdir(parents=True)
    (tmp_path / "downloaded/lesson91_light/archive/eve/x").write_text("mine")
    folder = collected(eve=("x.zip", archive(("lesson.ipynb", NOTEBOOK))))
    assert (folder / "eve/x").read_text() == "mine"
    assert [path.read_bytes() for path in (folder / "eve").rglob("*.ipynb")] == [NOTEBOOK]


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "SUSPICIOUS", 2**20)
    (tmp_path / "bomb.zip").write_bytes(archive(("zeros", bytes(2**22))))
    with pytest.raises(ValueError, match="more than 100 times its size"):
        unpacking.unpack(tmp_path / "bomb.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_in_a_zip_is_unpacked(collected):
    folder = collected(eve=("x.zip", archive(("work.zip", archive(("deep/lesson.ipynb", NOTEBOOK))))))
    assert (folder / "eve/lesson91_light.ipynb").read_bytes() == NOTEBOOK


def test_what_could_not_be_unpacked_says_so_in_the_students_folder(collected):
    folder = collected(eve=("x.zip", b"PK"))
    assert "x.zip was not unpacked" in (folder / "eve/problem.txt").read_text()
