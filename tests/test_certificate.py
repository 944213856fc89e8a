import datetime

import pytest

import course
from autograder import cli
from course import state
from course.certificate import NotYet, code, draw
from course.lessons import LESSONS

CHECKED = {"points": 12.0, "date": "2026-11-20", "adapters": []}
ADAPTER = {"points": 20.0, "date": "2026-11-21", "adapters": [{"valid": "99 %", "correct": "97 %"}]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_STATE", str(tmp_path / "progress.json"))
    return tmp_path


def pass_all(but=()):
    for lesson in LESSONS:
        if (lesson.name, "knowledge") not in but:
            state.record(lesson.name, 0.9, True)
        if (lesson.name, "tests") not in but:
            state.record_checked(lesson.name, ADAPTER if lesson.number == 6 else CHECKED)


def the_code():
    return code("Ada Lovelace", datetime.date.today().isoformat(), state.load())


def verify(*arguments):
    return cli.main(["verify", *arguments, "--date", datetime.date.today().isoformat()])


def test_who_has_passed_everything_gets_a_picture_and_a_page(folder, capsys):
    pass_all()
    course.certificate("  Ada   Lovelace ")
    assert (folder / "certificate.svg").read_text().startswith("<?xml")
    assert (folder / "certificate.pdf").read_bytes().startswith(b"%PDF")
    assert the_code() in capsys.readouterr().out  # the picture's description


def test_it_names_the_lessons_and_what_was_measured_of_the_adapter(folder):
    pass_all()
    fig = draw("Ada Lovelace", "2026-11-22", state.load())
    texts = "\n".join(text.get_text() for text in fig.texts)
    assert all(lesson.title in texts for lesson in LESSONS)
    assert "Adapter of lesson 6, on tickets nobody had seen: 99 % valid answers, 97 % right in every field" in texts


@pytest.mark.parametrize("lesson", [LESSONS[0], LESSONS[7]])
@pytest.mark.parametrize(("what", "step"), [("knowledge", "knowledge check"), ("tests", "autograder check")])
def test_one_missing_step_is_named_and_nothing_is_drawn(folder, lesson, what, step):
    pass_all(but=[(lesson.name, what)])
    with pytest.raises(NotYet) as refused:
        course.certificate("Ada")
    assert str(refused.value).count("\n- ") == 1 and lesson.title in str(refused.value) and step in str(refused.value)
    assert not list(folder.glob("certificate.*"))


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_a_name_must_fit_on_the_page(folder, name):
    pass_all()
    with pytest.raises(ValueError, match="at most 60"):
        course.certificate(name)


def test_a_name_is_drawn_as_it_is_written(folder):
    pass_all()
    course.certificate(r"$\frac{Ada}$ <b>")
    assert (folder / "certificate.svg").exists()


def test_the_code_is_verified_against_name_date_and_progress(folder, capsys):
    pass_all()
    assert verify(the_code(), "--name", "Ada Lovelace") == 0
    assert verify(the_code(), "--name", "Eve") == 1
    before = the_code()
    state.record("lesson01_why_finetune", 1.0, True)
    assert verify(before, "--name", "Ada Lovelace") == 1
    assert "does not belong" in capsys.readouterr().out


def test_a_progress_file_that_lacks_a_lesson_verifies_nothing(folder, capsys):
    state.record("lesson01_why_finetune", 1.0, True)
    assert verify("0000-0000-0000-0000", "--name", "Ada Lovelace") == 1
    assert "lesson 1" in capsys.readouterr().out


def test_without_a_progress_file_the_option_that_helps_is_named(folder, capsys):
    assert verify("0000-0000-0000-0000", "--name", "Ada") == 2
    assert "--progress" in capsys.readouterr().err
