"""Whatever Colab makes of a notebook when it saves it, the same cells are graded."""

import json

import nbformat
import pytest
from colab import ROOT, as_saved

from autograder.authoring.lesson import find_lessons, read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook, source_notebook
from autograder.check import check, find_lesson
from autograder.submissions.rebuild import rebuild
from autograder.submissions.submission import read_submission

LESSONS = {folder.name: folder for folder in find_lessons(ROOT)}
FORMS = {
    "saved in Colab": {},
    "without nbgrader's metadata": {"keep_metadata": ("id",)},
    "without any of our metadata": {"keep_metadata": ()},
    "saved on GitHub": {"on_github": True},
    "handed over by the browser": {"as_lines": False},
}


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request):
    return read_lesson(LESSONS[request.param])


@pytest.fixture(scope="module")
def master(lesson):
    return source_notebook(lesson)


def worked_in(lesson):
    """Return the notebook of a learner who solved all but the last exercise, and added cells."""
    notebook = solution_notebook(lesson)
    stubs = {cell["id"]: cell.source for cell in learner_notebook(lesson).cells}
    places = [place for place, cell in enumerate(notebook.cells) if cell["id"] in lesson.exercises]
    notebook.cells[places[-1]].source = stubs[lesson.exercises[-1]]
    helper = nbformat.v4.new_code_cell("def my_helper():\n    return 1", metadata={"id": "AbCdEf123456"})
    notebook.cells.insert(places[0], helper)
    notebook.cells.append(nbformat.v4.new_code_cell("# @title My notes\nprint(my_helper())", metadata={"id": "x1"}))
    return notebook


def graded_cells(master, path, data):
    path.write_text(json.dumps(data), encoding="utf-8")
    notebook = rebuild(master, read_submission(path))
    cells = [(cell.cell_type, cell.source, cell.metadata.get("autograder")) for cell in notebook.cells]
    return cells, notebook.metadata.autograder["notes"], notebook.metadata.autograder["problem"]


@pytest.mark.parametrize("form", FORMS)
def test_a_lesson_that_colab_saved_is_rebuilt_as_if_it_had_not(lesson, master, form, tmp_path):
    mine = worked_in(lesson)
    cells, notes, problem = graded_cells(master, tmp_path / "as released.ipynb", mine)
    assert (notes, problem) == ([], "")
    assert sum(state == {"added": True} for _, _, state in cells) == 2
    assert graded_cells(master, tmp_path / "Copy of mine.ipynb", as_saved(mine, **FORMS[form])) == (cells, [], "")


@pytest.mark.parametrize("form", FORMS)
def test_a_lesson_that_colab_saved_is_recognised(lesson, form, tmp_path):
    path = tmp_path / "Copy of Untitled (1).ipynb"
    path.write_text(json.dumps(as_saved(learner_notebook(lesson), **FORMS[form])))
    assert find_lesson(read_submission(path), ROOT)[0].name == lesson.name


@pytest.mark.slow
def test_a_lesson_that_colab_saved_earns_the_same_verdicts(tmp_path):
    mine = worked_in(read_lesson(LESSONS["lesson01_why_finetune"]))
    nbformat.write(mine, tmp_path / "mine.ipynb")
    (tmp_path / "Copy of mine.ipynb").write_text(json.dumps(as_saved(mine, keep_metadata=())))
    (_, expected), (_, found) = (check(tmp_path / name) for name in ("mine.ipynb", "Copy of mine.ipynb"))
    assert found.verdicts == expected.verdicts
    assert {verdict.state for verdict in found.verdicts} == {"passed", "not attempted"}
