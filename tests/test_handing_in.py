import hashlib
import json
import sys
import types
import zipfile

import pytest

import course
from course import state

LESSON = "lesson06_training"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_LESSON", LESSON)
    (tmp_path / f"{LESSON}.ipynb").write_text('{"cells": []}')
    return tmp_path


@pytest.fixture
def colab(folder, monkeypatch):
    downloads, drive = [], folder / "drive"
    drive.mkdir()
    package, message, files = (types.ModuleType(f"google.colab{name}") for name in ("", "._message", ".files"))
    message.blocking_request = lambda what, timeout_sec: {"ipynb": {"cells": ["from the browser"]}}
    files.download = downloads.append
    for module in (package, message, files):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(state, "DRIVE", drive)
    return types.SimpleNamespace(downloads=downloads, drive=drive, message=message)


def test_one_zip_holds_notebook_adapter_and_a_manifest_of_both(folder):
    (folder / "adapter").mkdir()
    (folder / "adapter/adapter_config.json").write_text("{}")
    (folder / "adapter/adapter_model.safetensors").write_bytes(b"weights")
    path = course.hand_in("ada")
    assert path == folder / f"ada_{LESSON}.zip"
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        packed = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in manifest["files"]}
        assert set(archive.namelist()) == {*packed, "manifest.json"}
    assert (manifest["lesson"], manifest["student"]) == (LESSON, "ada")
    assert manifest["files"] == packed
    assert set(packed) == {f"{LESSON}.ipynb", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"}


def test_checkpoints_pickles_and_links_stay_behind(folder):
    (folder / "adapter/checkpoint-40").mkdir(parents=True)
    (folder / "adapter/checkpoint-40/optimizer.pt").write_bytes(b"state")
    (folder / "adapter/training_args.bin").write_bytes(b"pickle")
    (folder / "adapter/notes.md").symlink_to("/etc/hostname")
    with zipfile.ZipFile(course.hand_in("ada")) as archive:
        assert set(archive.namelist()) == {f"{LESSON}.ipynb", "manifest.json"}


def test_packing_again_replaces_the_zip_and_leaves_nothing_else(folder):
    course.hand_in("ada")
    (folder / f"{LESSON}.ipynb").write_text('{"cells": [1]}')
    path = course.hand_in("ada")
    with zipfile.ZipFile(path) as archive:
        assert archive.read(f"{LESSON}.ipynb") == b'{"cells": [1]}'
    assert sorted(item.name for item in folder.iterdir()) == [path.name, f"{LESSON}.ipynb"]


def test_the_id_that_was_set_once_is_used_and_said(folder, capsys):
    course.student("ben")
    assert course.hand_in().name == f"ben_{LESSON}.zip"
    assert "you set with course.student: ben" in capsys.readouterr().out
    assert course.hand_in("ada").name == f"ada_{LESSON}.zip"
    assert "variant of the capstone is that of ben" in capsys.readouterr().out


def test_a_capstone_that_was_trained_for_nobody_is_named(folder, capsys):
    (folder / "capstone").mkdir()
    (folder / "capstone/card.json").write_text("{}")
    course.hand_in("ada")
    assert "capstone is for the practice shop" in capsys.readouterr().out
    course.student("ada")
    course.hand_in()
    assert "practice shop" not in capsys.readouterr().out


def test_without_an_id_you_are_asked_for_it(folder):
    with pytest.raises(ValueError, match="Say who you are first"):
        course.hand_in()


@pytest.mark.parametrize("student", ["", "../ada", "ada lovelace", "ada/x", "-rf", ".", "ada_"])
def test_an_id_that_cannot_name_a_file_is_refused_with_what_may_be_used(folder, student):
    with pytest.raises(ValueError, match="letters, digits"):
        course.hand_in(student)


def test_a_notebook_that_is_not_here_is_named(folder):
    (folder / f"{LESSON}.ipynb").unlink()
    with pytest.raises(FileNotFoundError, match=f"{LESSON}.ipynb is not in"):
        course.hand_in("ada")


def test_in_colab_the_browsers_notebook_is_packed_kept_on_drive_and_downloaded(colab, capsys):
    path = course.hand_in("ada")
    assert colab.downloads == [str(path)] and path.is_relative_to(colab.drive)
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read(f"{LESSON}.ipynb")) == {"cells": ["from the browser"]}
    assert "downloads it now" in capsys.readouterr().out


def test_when_colab_keeps_silent_the_menu_that_helps_is_named(colab):
    colab.message.blocking_request = lambda what, timeout_sec: None
    with pytest.raises(FileNotFoundError, match="Download .ipynb"):
        course.hand_in("ada")


def test_an_adapter_that_a_disconnect_took_is_packed_from_its_copy_on_drive(colab):
    kept = colab.drive / "finetuning-course" / "adapter"
    kept.mkdir(parents=True)
    (kept / "adapter_model.safetensors").write_bytes(b"weights of an earlier session")
    with zipfile.ZipFile(course.hand_in("ada")) as archive:
        assert archive.read("adapter/adapter_model.safetensors") == b"weights of an earlier session"
    with zipfile.ZipFile(course.hand_in("ada", lesson="lesson01_why_finetune")) as archive:
        assert not [name for name in archive.namelist() if name.startswith("adapter")]


def test_the_adapter_of_this_session_is_packed_before_the_one_on_drive(colab):
    for folder, weights in ((colab.drive / "finetuning-course", b"old"), (colab.drive.parent, b"new")):
        (folder / "adapter").mkdir(parents=True)
        (folder / "adapter" / "adapter_model.safetensors").write_bytes(weights)
    with zipfile.ZipFile(course.hand_in("ada")) as archive:
        assert archive.read("adapter/adapter_model.safetensors") == b"new"
