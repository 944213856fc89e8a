"""A self-studier checks one notebook, wherever it lies and whatever it is called."""

import json
import zipfile

import nbformat
import pytest
from classes import LESSON, notebook_of, write_lesson
from colab import as_saved

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import solution_notebook, source_notebook
from autograder.check import beside, find_lesson
from autograder.cli import main
from autograder.submissions.submission import read_submission


@pytest.fixture
def lesson(tmp_path):
    return read_lesson(write_lesson(tmp_path / "lessons"))


@pytest.fixture
def check(tmp_path, lesson, capsys):
    """Check a notebook and give the exit status and what was printed."""

    def run(notebook, *options):
        path = tmp_path / "work" / "Copy of my homework (1).ipynb"
        path.parent.mkdir(exist_ok=True)
        if isinstance(notebook, str):
            path.write_text(notebook)
        else:
            nbformat.write(notebook, path)
        status = main(["check", str(path), "--root", str(tmp_path / "lessons"), "--unsafe", *options])
        return status, capsys.readouterr()

    return run


def test_a_solved_notebook_passes(check, lesson):
    status, printed = check(notebook_of(lesson, {}))
    assert status == 0
    assert "passed · 2 of 2 points" in printed.out and "5 of 5 points" in printed.out


def test_a_mistake_is_explained_and_no_hidden_test_is_shown(check, lesson):
    status, printed = check(notebook_of(lesson, {"double": "def double(x):\n    return 8"}))
    assert status == 1
    words = " ".join(printed.out.replace("│", " ").split())
    assert "Negative numbers are doubled as well." in words and "failed · 0 of 2 points" in words
    assert "double(-1)" not in printed.out


def test_json_is_one_object_and_nothing_else(check, lesson):
    status, printed = check(notebook_of(lesson, None), "--json")
    found = json.loads(printed.out)
    assert (status, found["lesson"], found["score"], found["maximum"]) == (1, LESSON, 0, 5)
    assert [test["state"] for test in found["tests"]] == ["not attempted"] * 2
    assert found["isolation"] == "none"


def test_the_zip_that_hand_in_packs_is_graded_and_noted_where_the_learner_is(tmp_path, lesson, capsys, monkeypatch):
    archive, home = tmp_path / "downloads" / f"me_{LESSON}.ZIP", tmp_path / "home"
    archive.parent.mkdir()
    home.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("manifest.json", "{}")
        packed.writestr(f"{LESSON}.ipynb", json.dumps(as_saved(notebook_of(lesson, {}))))
    monkeypatch.chdir(home)
    assert main(["check", str(archive), "--root", str(tmp_path / "lessons"), "--unsafe"]) == 0
    assert "noted for the certificate" in capsys.readouterr().out
    assert json.loads((home / "progress.json").read_text())["lessons"][LESSON]["checked"]["points"] == 5
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_a_zip_without_a_notebook_or_that_is_none_is_refused_in_a_sentence(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as packed:
        packed.writestr("adapter/adapter_config.json", "{}")
    (tmp_path / "damaged.zip").write_bytes(b"PK\x03\x04 and then nothing")
    for name, sentence in (("empty.zip", "holds no notebook"), ("damaged.zip", "cannot be unpacked")):
        assert main(["check", str(tmp_path / name)]) == 2
        assert sentence in capsys.readouterr().err


def test_what_is_no_notebook_of_the_course_is_refused_in_a_sentence(check):
    status, printed = check("<!doctype html>")
    assert status == 2 and "It is a web page" in printed.err
    status, printed = check(nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])))
    assert status == 2 and "holds no exercise of a lesson" in printed.err


def test_a_lesson_is_found_by_what_the_notebook_holds(tmp_path, root):
    lessons = [read_lesson(folder) for folder in sorted((root / "lesson03_to_08").glob("lesson0[456]*"))]
    for lesson in lessons:
        notebook = solution_notebook(lesson)
        for cell in notebook.cells:  # as Drive has been seen to leave notebooks
            cell.metadata = {}
            cell.id = nbformat.v4.new_code_cell().id
        path = tmp_path / "Untitled.ipynb"
        nbformat.write(notebook, path)
        assert find_lesson(read_submission(path), root)[0].name == lesson.name


def test_only_files_that_the_tests_name_are_graded_with_a_notebook(tmp_path, root):
    for name in ("adapter", "private", "runs"):
        (tmp_path / name).mkdir()
    (tmp_path / "taxes.csv").touch()
    master = source_notebook(read_lesson(root / "lesson03_to_08" / "lesson06_training"))
    assert [path.name for path in beside(tmp_path / "my.ipynb", master)] == ["adapter"]
