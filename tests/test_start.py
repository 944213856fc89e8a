"""Starting a lesson says what was chosen and why, and frightens nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from dataclasses import dataclass

import pytest

import course
from course import state
from course.start import _mount_drive, quiet


@dataclass(frozen=True)
class Tier:
    name: str


@pytest.fixture(autouse=True)
def environment():
    """Give back the environment variables that starting a lesson sets."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def models(monkeypatch, tmp_path):
    """Pretend a `course.models` that needs no torch."""
    module = types.ModuleType("course.models")
    module.choose_tier = lambda name=None: (Tier(name or "bundled"), "because this machine has no GPU.")
    monkeypatch.setitem(sys.modules, "course.models", module)
    monkeypatch.delenv("COURSE_STATE", raising=False)
    monkeypatch.setenv("COURSE_LESSON", "")
    monkeypatch.chdir(tmp_path)


def test_start_returns_the_tier_and_says_why(models, capsys):
    assert course.start("lesson06_training") == Tier("bundled")
    said = capsys.readouterr()
    assert said.err == ""
    lesson, tier, progress = said.out.splitlines()
    assert lesson == "Lesson 6 · Train a QLoRA adapter"
    assert tier == "Model tier: bundled, because this machine has no GPU."
    assert progress.startswith("Progress is kept in progress.json. Python 3.")


def test_an_argument_overrides_the_tier(models):
    assert course.start("lesson06_training", tier="t4-large") == Tier("t4-large")


def test_an_unknown_lesson_is_answered_with_the_names(models):
    with pytest.raises(ValueError, match="lesson01_why_finetune, lesson02_methods"):
        course.start("lesson6")


def test_start_writes_no_file(models, tmp_path):
    course.start("lesson06_training")
    assert list(tmp_path.iterdir()) == []


def test_start_tells_of_a_damaged_progress_file(models, tmp_path, capsys):
    (tmp_path / "progress.json").write_text("{")
    course.start("lesson06_training")
    assert "kept as progress.damaged-1.json" in capsys.readouterr().out


def test_start_tells_quick_checks_which_lesson_they_stand_in(models):
    course.start("lesson06_training")
    assert os.environ["COURSE_LESSON"] == "lesson06_training"


def test_a_learners_own_setting_wins(monkeypatch):
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "debug")
    quiet()
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "debug"


def colab(monkeypatch, tmp_path, mount):
    drive = types.ModuleType("google.colab.drive")
    drive.mount = mount
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "google.colab.drive", drive)
    monkeypatch.setattr(state, "DRIVE", tmp_path / "content" / "MyDrive")


def test_colab_asks_for_drive_and_keeps_progress_there(models, monkeypatch, tmp_path, capsys):
    colab(monkeypatch, tmp_path, lambda folder: state.DRIVE.mkdir(parents=True))
    course.start("lesson06_training")
    said = capsys.readouterr().out
    assert "Allow access to Google Drive" in said
    assert "MyDrive/finetuning-course/progress.json" in said


def test_a_learner_who_declines_drive_goes_on_without_it(models, monkeypatch, tmp_path, capsys):
    def decline(folder):
        raise ValueError("mount failed")

    colab(monkeypatch, tmp_path, decline)
    assert course.start("lesson06_training") == Tier("bundled")
    said = capsys.readouterr()
    assert "Drive is not connected" in said.out and "download what you want to keep" in said.out
    assert "Traceback" not in said.out + said.err


def test_drive_that_is_mounted_is_not_asked_for_again(monkeypatch, tmp_path, capsys):
    colab(monkeypatch, tmp_path, lambda folder: pytest.fail("asked again"))
    state.DRIVE.mkdir(parents=True)
    assert _mount_drive() == ""
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_the_real_start_and_the_libraries_behind_it_say_nothing_on_stderr(tmp_path):
    code = (
        "import course; tier = course.start('lesson01_why_finetune')\n"
        "import torch, transformers, datasets, peft, trl, bitsandbytes"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
