"""A learner says once who they are; a judge knows it better."""

import json

import pytest

import course
from course.student import JUDGES, PRACTICE


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path / "progress.json"))
    monkeypatch.delenv(JUDGES, raising=False)
    return tmp_path / "progress.json"


def test_an_id_is_kept_beside_the_lessons(own_progress):
    from course import state

    state.record("lesson01_why_finetune", 0.9, complete=True)
    assert course.student("ada") == course.student() == "ada"
    state.record("lesson02_methods", 0.5, complete=False)
    document = json.loads(own_progress.read_text())
    assert document["student"] == "ada" and document["lessons"]["lesson01_why_finetune"]["complete"]
    assert course.student("ben@uni.example") == course.student() == "ben@uni.example"


def test_who_has_set_no_id_practises_and_is_told_how_to_set_one(own_progress, capsys):
    assert course.student() == PRACTICE
    assert 'course.student("your-id")' in capsys.readouterr().out and not own_progress.exists()


@pytest.mark.parametrize("name", ["", "../ada", "ada lovelace", "x" * 201, 7])
def test_an_id_that_could_name_no_file_is_refused(name, own_progress):
    with pytest.raises(ValueError, match="letters, digits"):
        course.student(name)
    assert not own_progress.exists()


def test_the_judges_word_counts_and_not_the_learners(monkeypatch, own_progress):
    course.student("ben")
    monkeypatch.setenv(JUDGES, "ada")
    assert course.student() == course.student("ben") == "ada"
    monkeypatch.setenv(JUDGES, "")
    assert course.student() == PRACTICE


def test_a_student_id_that_is_no_text_sets_the_progress_file_aside(own_progress):
    own_progress.write_text('{"version": 1, "lessons": {}, "student": ["ada"]}')
    assert course.student() == PRACTICE and own_progress.with_name("progress.damaged-1.json").exists()
