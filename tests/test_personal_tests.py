"""Tests may set every student a task of their own; who the student is, the judge knows and the learner cannot say."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from classes import LESSON, grade, make_class, notebook_of, write_lesson

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import source_notebook
from autograder.check import check
from autograder.cli import main
from autograder.gradebook.classroom import nbgrader
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.replay import SAME, replay
from autograder.judging.grading import Work, grade_submission, inputs_of
from autograder.judging.verdict import FAILED, PASSED
from course import state

SOURCE = '''
# %% [markdown]
# # Lesson 91 · Light

# %% setup

# %% owner
def owner():
    """Whose notebook this is."""
    ### BEGIN SOLUTION
    return "ada"
    ### END SOLUTION


# %% test_owner points=2
from course.student import student

assert owner() == student(), "This is somebody else's."
'''
CLAIMS = """
import os

os.environ["COURSE_GRADING_STUDENT"] = "ada"
def owner():
    import course

    course.student("ada")
    return course.student()
"""


@pytest.fixture
def lesson(tmp_path):
    folder = write_lesson(tmp_path / "lessons")
    (folder / "lesson.py").write_text(SOURCE.lstrip())
    return read_lesson(folder)


@pytest.fixture
def work(tmp_path, lesson):
    for folder, notebook in (("source", source_notebook(lesson)), ("submitted", notebook_of(lesson, {}))):
        (tmp_path / folder).mkdir()
        nbformat.write(notebook, tmp_path / folder / f"{LESSON}.ipynb")
    return Work(LESSON, str(tmp_path / "submitted"), str(tmp_path / "source"), seed=5, student="ada")


def states(graded):
    return [verdict.state for verdict in graded.verdicts]


def test_one_submission_is_right_for_one_student_and_wrong_for_another(work):
    mine, theirs = grade_submission(work), grade_submission(replace(work, student="bob"))
    assert states(mine) == [PASSED] and states(theirs) == [FAILED]
    assert theirs.verdicts[0].message == "This is somebody else's."
    assert mine.inputs.key != theirs.inputs.key and "COURSE_GRADING_STUDENT" not in os.environ


def test_a_learner_cannot_say_who_is_graded(work, lesson, tmp_path):
    claims = notebook_of(lesson, {"owner": CLAIMS})
    nbformat.write(claims, tmp_path / "submitted" / f"{LESSON}.ipynb")
    (tmp_path / "submitted" / "progress.json").write_text('{"version": 1, "lessons": {}, "student": "ada"}')
    assert states(grade_submission(replace(work, student="bob"))) == [FAILED]
    assert states(grade_submission(replace(work, student=""))) == [FAILED]


def test_the_student_travels_to_workers_that_do_not_see_the_folders(work):
    carried = replace(pickle.loads(pickle.dumps(work.carry())), submitted="/nowhere", source="/nowhere")
    assert states(grade_submission(carried)) == [PASSED]
    assert states(grade_submission(replace(carried, student="bob"))) == [FAILED]


def test_where_no_test_asks_for_it_equal_work_of_two_students_has_one_result(work, tmp_path, lesson):
    master = tmp_path / "source" / f"{LESSON}.ipynb"
    master.write_text(master.read_text().replace("course.student", "course.state"))
    assert inputs_of(work) == inputs_of(replace(work, student="bob")) and inputs_of(work).whose == ""


@pytest.mark.slow
def test_a_class_is_graded_each_as_themselves_and_replays_the_same(tmp_path, lesson):
    folder = make_class(tmp_path / "class", tmp_path / "lessons", {"ada": {}, "bob": {}})
    printed = grade(folder, "--unsafe")
    assert {name: line["score"] for name, line in printed["submissions"].items()} == {"ada": 2, "bob": 0}, printed
    assert {record["student"]: record["whose"] for record in Ledger(folder).records()} == {"ada": "ada", "bob": "bob"}
    assert {one.student: one.finding for one in replay(folder, unsafe=True)} == {"ada": SAME, "bob": SAME}


@pytest.mark.slow
def test_nbgraders_own_command_grades_each_as_the_folder_is_named(tmp_path, lesson):
    folder = make_class(tmp_path / "class", tmp_path / "lessons", {"ada": {}, "bob": {}})
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write("c.JudgeCells.unsafe = True\n")
    nbgrader(folder, "autograde", LESSON)
    scores = {record["student"]: record["scores"]["test_owner"][0] for record in Ledger(folder).records()}
    assert scores == {"ada": 2, "bob": 0}


def test_a_self_studier_is_who_the_progress_file_says_unless_told_otherwise(tmp_path, lesson, capsys, monkeypatch):
    monkeypatch.delenv("COURSE_STATE", raising=False)
    place = Path(tmp_path, "work", f"{LESSON}.ipynb")
    place.parent.mkdir()
    nbformat.write(notebook_of(lesson, {}), place)
    root = tmp_path / "lessons"
    assert states(check(place, root, unsafe=True)[1]) == [FAILED]  # nobody has set an id
    state.record_student("ada", place.with_name("progress.json"))
    assert states(check(place, root, unsafe=True)[1]) == [PASSED]
    assert main(["check", str(place), "--root", str(root), "--unsafe", "--student", "bob"]) == 1
    assert "somebody else's" in capsys.readouterr().out
