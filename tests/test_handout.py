"""What learners get, and what they get back, as zips for a learning management system."""

import json
import os
import zipfile

import pytest

from autograder.cli import main
from autograder.exchange.earlier import RECORD
from autograder.exchange.handback import pack_feedback
from autograder.exchange.handout import pack_handout

LESSON = "lesson06_training"


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "release" / LESSON
    (folder / "data").mkdir(parents=True)
    (folder / f"{LESSON}.ipynb").write_text('{"cells": []}')
    (folder / "data" / "tickets.csv").write_text("text,label")
    return folder


def names(path):
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_a_handout_holds_the_notebook_its_files_and_how_to_hand_in(tmp_path, release):
    (release / "linked").symlink_to("/etc/passwd")
    path, _ = pack_handout(tmp_path, LESSON)
    inside = {f"{LESSON}.ipynb", "data/tickets.csv", "README.txt"}
    assert names(path) == {f"{LESSON}/{name}" for name in inside}
    with zipfile.ZipFile(path) as archive:
        assert "course.hand_in(" in archive.read(f"{LESSON}/README.txt").decode()


@pytest.mark.parametrize("secret", ["### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS"])
def test_solutions_and_hidden_tests_are_not_handed_out(tmp_path, release, secret):
    (release / f"{LESSON}.ipynb").write_text(json.dumps({"cells": [{"source": [secret]}]}))
    with pytest.raises(ValueError, match="still holds solutions or hidden tests"):
        pack_handout(tmp_path, LESSON)
    assert not (tmp_path / "handout").exists()


@pytest.mark.parametrize(("command", "remedy"), [("handout", "generate_assignment"), ("handback", "generate_feedback")])
def test_what_must_be_run_first_is_named(tmp_path, command, remedy, capsys):
    assert main([command, LESSON, f"--class={tmp_path}"]) == 2
    assert f"run `nbgrader {remedy} {LESSON}` first" in capsys.readouterr().err


@pytest.fixture
def graded(tmp_path):
    for student in ("ada", "bob"):
        for step, ending in (("autograded", "ipynb"), ("feedback", "html")):
            (tmp_path / step / student / LESSON).mkdir(parents=True)
            (tmp_path / step / student / LESSON / f"{LESSON}.{ending}").write_text(f"{step} of {student}")
    record = [{"student": "ada", "state": "taken", "prefix": "lovelaceada_12345_9_"}]
    record += [{"student": "bob", "state": "superseded", "prefix": "brownbob_5_8_"}]
    (tmp_path / "downloaded" / LESSON).mkdir(parents=True)
    (tmp_path / "downloaded" / LESSON / RECORD).write_text(json.dumps(record))
    return tmp_path


def test_feedback_goes_back_under_the_name_that_the_system_gave(graded):
    students, upload, stale = pack_feedback(graded, LESSON)
    assert (students, stale) == (["ada", "bob"], [])
    assert names(upload) == {f"lovelaceada_12345_9_{LESSON}.html"}
    with zipfile.ZipFile(graded / "handback" / LESSON / "bob.zip") as archive:
        assert archive.read(f"{LESSON}.html") == b"feedback of bob"


def test_feedback_that_is_older_than_the_grades_is_named(graded):
    os.utime(graded / "feedback" / "bob" / LESSON / f"{LESSON}.html", (1, 1))
    assert pack_feedback(graded, LESSON)[2] == ["bob"]
