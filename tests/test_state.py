"""Progress survives damage, crashes, strangers' keys and two notebooks at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course import state
from course.state import LessonState, begin, load, record, state_path

ONE, TWO = "lesson01_why_finetune", "lesson02_methods"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=12,
)
ENTRIES = st.dictionaries(st.sampled_from(["best", "complete", "other"]), JSON)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"version": JSON, "lessons": st.dictionaries(st.sampled_from([ONE, TWO]), ENTRIES | JSON) | JSON}
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.json"


def test_nothing_is_written_by_looking(path):
    assert load(path) == state.Progress()
    assert list(path.parent.iterdir()) == []


def test_a_recorded_score_is_read_back(path):
    record(ONE, 0.5, complete=False, path=path)
    record(ONE, 5 / 6, complete=True, path=path)
    begin(TWO, path)
    assert load(path).lessons == {ONE: LessonState(0.833333, True), TWO: LessonState(None, False)}


def test_best_score_and_completion_stay(path):
    record(ONE, 1.0, complete=True, path=path)
    assert record(ONE, 0.0, complete=False, path=path).lesson(ONE) == LessonState(1.0, True)
    assert begin(ONE, path).lesson(ONE) == LessonState(1.0, True)


def test_unknown_keys_are_kept(path):
    document = {"version": 7, "future": [1], "lessons": {ONE: {"best": 0.5, "medal": "tin"}, "lesson99_x": {"z": 1}}}
    path.write_text(json.dumps(document))
    record(ONE, 0.9, complete=True, path=path)
    after = json.loads(path.read_text())
    assert after["version"] == 7 and after["future"] == [1]
    assert after["lessons"][ONE] == {"best": 0.9, "medal": "tin", "complete": True}
    assert after["lessons"]["lesson99_x"] == {"z": 1}


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "\x00\x01", '{"version": 1}', '{"version": "1", "lessons": {}}', "[" * 100_000,
     '{"version": 1, "lessons": {"lesson01_why_finetune": []}}',
     '{"version": 1, "lessons": {"lesson01_why_finetune": {"best": "high"}}}',
     '{"version": 1, "lessons": {"lesson01_why_finetune": {"best": NaN}}}',
     '{"version": 1, "lessons": {"lesson01_why_finetune": {"complete": 1}}}'],
)  # fmt: skip
def test_a_damaged_file_is_set_aside_with_a_message(path, text):
    path.write_text(text)
    found = load(path)
    assert found.lessons == {} and "kept as progress.damaged-1.json" in found.notice
    assert path.with_name("progress.damaged-1.json").read_text() == text
    assert load(path).notice == "", "it is said once"


def test_a_second_damage_does_not_overwrite_the_first(path):
    for text in ("first", "second"):
        path.write_text(text)
        record(ONE, 0.5, complete=False, path=path)
    assert path.with_name("progress.damaged-1.json").read_text() == "first"
    assert path.with_name("progress.damaged-2.json").read_text() == "second"
    assert load(path).lesson(ONE).best == 0.5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80) | (DOCUMENTS | JSON).map(lambda value: json.dumps(value).encode()))
def test_no_file_whatever_it_holds_makes_a_traceback(path, content):
    path.write_bytes(content)
    load(path)
    after = record(ONE, 0.75, complete=True, path=path)
    assert after.lesson(ONE).complete and after.lesson(ONE).best >= 0.75
    assert load(path).lesson(ONE) == after.lesson(ONE)
    for aside in path.parent.glob("progress.damaged-*.json"):
        aside.unlink()


def test_a_folder_in_place_of_the_file_is_a_notice(path):
    path.mkdir()
    assert "could not be read" in load(path).notice
    assert "could not be saved" in record(ONE, 1.0, complete=True, path=path).notice


def test_a_place_that_cannot_be_written_is_a_notice(tmp_path):
    (tmp_path / "file").write_text("")
    found = record(ONE, 1.0, complete=True, path=tmp_path / "file" / "progress.json")
    assert "could not be saved" in found.notice
    assert found.lesson(ONE).complete, "what the learner just did still counts on the page"


def test_a_crash_while_writing_leaves_the_old_file(path, monkeypatch):
    record(ONE, 0.5, complete=False, path=path)

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        record(ONE, 1.0, complete=True, path=path)
    monkeypatch.undo()
    assert load(path).lesson(ONE) == LessonState(0.5, False)
    assert not list(path.parent.glob("*.tmp"))


def test_two_notebooks_at_once_lose_nothing(path):
    code = "import sys; from pathlib import Path; from course.state import record\n"
    code += "for i in range(20): record(f'{sys.argv[1]}-{i}', 0.5, complete=True, path=Path(sys.argv[2]))"
    notebooks = [subprocess.Popen([sys.executable, "-c", code, name, str(path)]) for name in ("a", "b", "c")]
    assert [notebook.wait(60) for notebook in notebooks] == [0, 0, 0]
    assert len(load(path).lessons) == 60


def test_the_file_stands_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_STATE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert state_path() == tmp_path / "progress.json"


def test_all_lessons_of_a_checkout_share_one_file(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_STATE", raising=False)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "__init__.py").write_text("")
    lesson = tmp_path / "lesson03_to_08" / "lesson06_training"
    lesson.mkdir(parents=True)
    monkeypatch.chdir(lesson)
    assert state_path() == tmp_path / "progress.json"


def test_an_environment_variable_moves_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path / "mine.json"))
    assert state_path() == tmp_path / "mine.json"
    monkeypatch.setenv("COURSE_STATE", str(tmp_path))
    assert state_path() == tmp_path / "progress.json"


def test_colab_keeps_it_on_drive_where_drive_is_mounted(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_STATE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "google.colab", object())
    monkeypatch.setattr(state, "DRIVE", tmp_path / "MyDrive")
    assert state_path() == tmp_path / "progress.json"
    state.DRIVE.mkdir()
    record(ONE, 1.0, complete=True)
    assert (tmp_path / "MyDrive" / "finetuning-course" / "progress.json").is_file()
