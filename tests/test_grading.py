"""Grading is a pure function: equal inputs have equal keys, and a stored result is as good as a new one."""

import json
import os
import pickle
from dataclasses import replace

import nbformat
import pytest
from classes import LESSON, write_lesson

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import solution_notebook, source_notebook
from autograder.gradebook.results import Results
from autograder.judging.grading import Graded, Inputs, Work, could_not_be_graded, grade_submission, inputs_of, seed_hash
from autograder.judging.options import KernelOptions
from autograder.judging.verdict import PASSED, UNGRADED, Verdict
from autograder.submissions.snapshot import contents, digest, restore


@pytest.fixture
def work(tmp_path):
    lesson = read_lesson(write_lesson(tmp_path))
    for folder, notebook in (("source", source_notebook(lesson)), ("submitted", solution_notebook(lesson))):
        (tmp_path / folder).mkdir()
        nbformat.write(notebook, tmp_path / folder / f"{LESSON}.ipynb")
    return Work(LESSON, str(tmp_path / "submitted"), str(tmp_path / "source"), seed=5)


def test_a_submission_is_graded_from_plain_data_to_plain_data(work):
    graded = grade_submission(pickle.loads(pickle.dumps(work)))
    assert [(verdict.test, verdict.state, verdict.points) for verdict in graded.verdicts] == [
        ("test_double", PASSED, 2.0),
        ("test_greet", PASSED, 3.0),
    ]
    assert graded.inputs == inputs_of(work)
    assert Graded.from_text(graded.to_text()) == graded
    assert graded.seconds > 0 and graded.versions["python"]


def test_a_worker_that_does_not_see_the_folders_finds_the_same(work, tmp_path):
    carried = replace(work.carry(), submitted="/nowhere", source="/nowhere")
    here, there = grade_submission(work), grade_submission(carried)
    assert (there.inputs, there.verdicts) == (here.inputs, here.verdicts)


@pytest.mark.parametrize(
    "change, field",
    [
        (lambda work: _append(work.submitted, "a.txt"), "submission"),
        (lambda work: _append(work.source, "data.csv"), "tests"),
        (lambda work: replace(work, seed=6), "seed"),
        (lambda work: replace(work, notebook="other"), "tests"),
        (lambda work: replace(work, options=KernelOptions(cell_timeout=9)), "options"),
    ],
)
def test_whatever_a_result_follows_from_changes_its_key(work, change, field):
    before = inputs_of(work)
    after = inputs_of(change(work) or work)
    assert {name for name, value in vars(after).items() if vars(before)[name] != value} == {field}
    assert after.key != before.key


def _append(folder, name):
    with open(os.path.join(folder, name), "a") as file:
        file.write("more")


def test_nothing_tells_the_seed(work):
    assert "5" not in repr(work).replace(work.submitted, "").replace(work.source, "").split("options")[0]
    assert seed_hash(5) == seed_hash(5) != seed_hash(6)


def test_what_could_not_be_graded_says_why_of_every_test(work):
    graded = could_not_be_graded(work, "The worker died twice.")
    assert [(verdict.state, verdict.message) for verdict in graded.verdicts] == [
        (UNGRADED, "The worker died twice.")
    ] * 2
    assert graded.worth_another_try and graded.inputs == inputs_of(work)


def test_a_submission_that_cannot_be_read_is_not_tried_again(work):
    with open(f"{work.submitted}/{LESSON}.ipynb", "w") as file:
        file.write("<html>")
    graded = grade_submission(work)
    assert graded.ungraded and not graded.worth_another_try and "web page" in graded.problem


def test_hostile_text_and_metadata_can_be_written(work):
    source = "from IPython.display import display\nprint('\\ud800')\n"
    source += "display({'text/plain': 'x'}, raw=True, metadata={'m': float('nan')})"
    path = f"{work.submitted}/{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)
    graded = grade_submission(work)
    assert "nan" not in graded.to_text().lower()
    json.dumps(graded.to_text(), ensure_ascii=False).encode()
    assert any(output["output_type"] == "display_data" for found in graded.outputs.values() for output in found)


def test_results_are_found_by_their_key(tmp_path):
    results, one = Results(tmp_path), graded("one")
    assert results.find(one.inputs.key) is None
    results.save(one)
    assert results.find(one.inputs.key) == one


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"inputs": 1}', "\x00"])
def test_a_damaged_result_is_none(tmp_path, text):
    results, one = Results(tmp_path), graded("one")
    results.save(one)
    (path,) = results.folder.iterdir()
    path.write_text(text)
    assert results.find(one.inputs.key) is None


def test_a_result_under_another_key_is_none(tmp_path):
    results, one = Results(tmp_path), graded("one")
    results.save(graded("two"))
    (path,) = results.folder.iterdir()
    path.rename(results.folder / f"{one.inputs.key}.json")
    assert results.find(one.inputs.key) is None


def test_a_full_disk_leaves_no_half_result(tmp_path, monkeypatch):
    results, one = Results(tmp_path), graded("one")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        results.save(one)
    assert list(results.folder.iterdir()) == []


def graded(name):
    return Graded(Inputs(name, "t", "v", "s", "none", "o"), (Verdict("test_a", PASSED, 1.0, 1.0),), {3: []})


def test_a_folder_is_hashed_by_names_kinds_and_contents(tmp_path):
    def make(name):
        folder = tmp_path / name
        (folder / "adapter").mkdir(parents=True)
        (folder / "adapter" / "config.json").write_text("{}")
        (folder / "link").symlink_to("/etc/passwd")
        return folder

    one, other = make("one"), make("other")
    assert digest(one) == digest(other)
    restored = tmp_path / "restored"
    restored.mkdir()
    restore(contents(one), restored)
    assert digest(restored) == digest(one)  # the link is the text that stands for it
    assert not (restored / "link").exists() and (restored / "link.refused-link").read_text() == "/etc/passwd"
    (other / "adapter" / "config.json").rename(other / "adapter" / "config.txt")
    assert digest(one) != digest(other)
