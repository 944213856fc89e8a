"""What is graded is the master with the learner's solutions, whatever happened to the file."""

import copy
import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook, source_notebook
from autograder.cells import key
from autograder.submissions.rebuild import rebuild
from autograder.submissions.submission import MAX_CELLS, MAX_FILE, read_submission


@pytest.fixture(scope="module")
def lesson(tiny):
    return read_lesson(tiny)


@pytest.fixture
def rebuilt(lesson, tmp_path):
    """Rebuild from a notebook, a list of cells, or the text of a file."""

    def make(submitted, name="lesson90_tiny.ipynb"):
        if isinstance(submitted, list):
            submitted = nbformat.v4.new_notebook(cells=submitted)
        text = submitted if isinstance(submitted, str) else json.dumps(submitted)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return rebuild(source_notebook(lesson), read_submission(tmp_path / name))

    return make


@pytest.fixture
def solved(lesson):
    return solution_notebook(lesson)


def _cell(notebook, name):
    return next(cell for cell in notebook.cells if key(cell) == name)


def _added(notebook):
    return [cell.source for cell in notebook.cells if cell.metadata.get("autograder", {}).get("added")]


def _before(notebook, source):
    sources = [cell.source for cell in notebook.cells]
    return key(notebook.cells[sources.index(source) - 1])


def test_solutions_are_the_learners_and_all_else_is_the_masters(rebuilt, solved, lesson):
    for cell in solved.cells:
        if key(cell).startswith("test_"):
            cell.source, cell.metadata["tags"] = "pass", ["skip-execution"]
            cell.metadata.nbgrader["points"] = 1000
    notebook = rebuilt(solved)
    assert _cell(notebook, "word_counts").source == _cell(solved, "word_counts").source
    assert _cell(notebook, "test_word_counts") == _cell(source_notebook(lesson), "test_word_counts")
    assert len(notebook.cells) == len(source_notebook(lesson).cells)


def test_cells_out_of_order_retyped_and_retagged_are_found(rebuilt, solved):
    solved.cells.reverse()
    for cell in solved.cells:
        cell.metadata["tags"] = ["skip-execution", "remove"]
    _cell(solved, "word_counts").cell_type = "markdown"
    notebook = rebuilt(solved)
    assert _cell(notebook, "word_counts").source == _cell(solved, "word_counts").source
    assert _cell(notebook, "word_counts").cell_type == "code" and "tags" not in _cell(notebook, "word_counts").metadata


@pytest.mark.parametrize("kept", ["metadata.nbgrader", "id", "metadata.id", "comment", "position"])
def test_a_solution_is_found_by_whatever_is_left_of_its_ids(rebuilt, solved, kept):
    expected = _cell(solved, "word_counts").source
    for cell in solved.cells:
        nbgrader, own, metadata = cell.metadata.get("nbgrader"), cell["id"], cell.metadata["id"]
        cell.metadata = {}
        if kept == "metadata.nbgrader" and nbgrader:
            cell.metadata["nbgrader"] = nbgrader
        if kept == "metadata.id":
            cell.metadata["id"] = metadata
        if kept != "id":
            del cell["id"]
        if kept != "comment" and own in ("word_counts", "scaled_update"):
            cell.source = cell.source.split("\n", 1)[1]
    found = _cell(rebuilt(solved), "word_counts").source
    assert found == (expected if kept == "comment" else expected.split("\n", 1)[1])


def test_of_two_cells_with_one_id_the_last_edited_one_is_graded_and_the_first_runs_before_it(rebuilt, solved):
    number = [key(cell) for cell in solved.cells].index("word_counts")
    first, stub = copy.deepcopy(solved.cells[number]), copy.deepcopy(solved.cells[number])
    first.source = "# word_counts\nhelper = 1"
    stub.source = '# word_counts\ndef word_counts(text):\n    """How often each lower-cased word of `text` occurs."""\n'
    stub.source += "    # YOUR CODE HERE\n    raise NotImplementedError()"
    solved.cells[number:number] = [first]
    solved.cells.append(stub)
    notebook = rebuilt(solved)
    sources = [cell.source for cell in notebook.cells]
    assert _cell(notebook, "word_counts").source == solved.cells[number + 1].source
    assert _added(notebook) == [first.source]
    assert sources.index(first.source) < sources.index(solved.cells[number + 1].source)
    assert "more than once" in notebook.metadata.autograder.notes[0]


def test_a_missing_solution_is_the_stub_again(rebuilt, solved, lesson):
    solved.cells = [cell for cell in solved.cells if key(cell) != "word_counts"]
    notebook = rebuilt(solved)
    assert _cell(notebook, "word_counts").metadata.autograder.state == "missing"
    assert _cell(notebook, "word_counts").source == _cell(learner_notebook(lesson), "word_counts").source


def test_the_released_notebook_counts_as_not_edited(rebuilt, lesson):
    notebook = rebuilt(learner_notebook(lesson))
    assert {_cell(notebook, name).metadata.autograder.state for name in lesson.exercises} == {"as released"}


def test_cells_that_the_learner_added_stay_where_they_stood(rebuilt, solved):
    number = [key(cell) for cell in solved.cells].index("word_counts")
    solved.cells.insert(number, new_code_cell("def helper(): return 1"))
    solved.cells.append(new_code_cell("last = 1"))
    notebook = rebuilt(solved)
    assert _added(notebook) == ["def helper(): return 1", "last = 1"]
    assert [key(cell) for cell in notebook.cells].index("word_counts") > [cell.source for cell in notebook.cells].index(
        "def helper(): return 1"
    )


def test_a_changed_context_cell_runs_after_the_masters(rebuilt, solved):
    number = [cell.source for cell in solved.cells].index("import torch")
    solved.cells[number].source = "import torch\nimport re"
    assert _before(rebuilt(solved), "import torch\nimport re") == solved.cells[number]["id"]


def test_training_cells_do_not_run_even_when_edited(rebuilt, solved):
    for cell in solved.cells:
        cell.metadata = {}
        del cell["id"]
        if "never executed" in cell.source:
            cell.source = cell.source.replace("Cells with this tag", "My cells with this tag")
    assert _added(rebuilt(solved)) == []


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "lesson90_tiny.ipynb is empty"),
        ('{"cells": [', "it stops being JSON at line 1"),
        ("<html>", "It is a web page"),
        ("PK\x03\x04", "It is a zip archive"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "has no cells"),
        ('{"cells": 3}', "its cells are damaged"),
        ('{"cells": [{"cell_type": "code", "source": 3}]}', "source is not text"),
        (json.dumps({"cells": [{}] * (MAX_CELLS + 1)}), "cells; at most"),
        (json.dumps({"cells": [{"cell_type": "code", "source": "a = 1"}]}), "Is it another lesson's notebook?"),
        ('{"nbformat": 3, "worksheets": []}', "Is it another lesson's notebook?"),
    ],
)
def test_what_is_no_notebook_of_this_lesson_is_named(rebuilt, text, sentence):
    notebook = rebuilt(text)
    assert sentence in notebook.metadata.autograder.problem
    assert _cell(notebook, "word_counts").metadata.autograder.state == "missing"


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert "50 MB; at most" in read_submission(path).problem


def test_links_folders_and_pipes_are_not_opened(tmp_path):
    (tmp_path / "target.ipynb").write_text("{}")
    (tmp_path / "link.ipynb").symlink_to("target.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert "is a link" in read_submission(tmp_path / "link.ipynb").problem
    assert "is not a file" in read_submission(tmp_path / "pipe.ipynb").problem
    assert read_submission(tmp_path / "folder.ipynb").problem
    assert "cannot be read" in read_submission(tmp_path / "none.ipynb").problem


def test_an_old_notebook_format_is_understood(rebuilt, solved):
    cells = [
        {"cell_type": "code", "input": [line + "\n" for line in cell.source.split("\n")], "metadata": {}, "outputs": []}
        for cell in solved.cells
        if cell.cell_type == "code"
    ]
    notebook = rebuilt(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    assert _cell(notebook, "word_counts").metadata.autograder.state == "edited"
