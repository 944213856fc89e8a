"""The learner's and the instructor's notebooks follow from the lesson, byte for byte."""

import re
import shutil
import textwrap

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from test_lesson import change

from autograder.authoring.lesson import LessonError, read_lesson
from autograder.authoring.notebooks import (
    learner_notebook,
    notebook_text,
    solution_notebook,
    source_notebook,
    write_notebooks,
)
from autograder.cli import main


def by_id(notebook):
    return {cell["id"]: cell for cell in notebook.cells}


@pytest.fixture(scope="module")
def lesson(tiny):
    return read_lesson(tiny)


def test_the_learner_sees_stubs_and_visible_tests_only(lesson):
    cells = by_id(learner_notebook(lesson))
    assert cells["word_counts"].source.endswith("    # YOUR CODE HERE\n    raise NotImplementedError()")
    assert cells["test_word_counts"].source.startswith("# test_word_counts · 2 points\nassert word_counts")
    assert "HIDDEN" not in notebook_text(learner_notebook(lesson))
    assert "to be or not to be" not in notebook_text(learner_notebook(lesson))


def test_tests_are_locked_and_exercises_cannot_be_deleted(lesson):
    cells = by_id(learner_notebook(lesson))
    assert cells["test_scaled_update"].metadata.editable is False
    assert cells["test_scaled_update"].metadata.deletable is False
    assert cells["scaled_update"].metadata.deletable is False
    assert cells["test_scaled_update"].metadata.nbgrader.points == 3


def test_the_instructor_keeps_solutions_and_hidden_tests(lesson):
    cells = by_id(source_notebook(lesson))
    assert "### BEGIN SOLUTION" in cells["scaled_update"].source
    assert "### BEGIN HIDDEN TESTS" in cells["test_scaled_update"].source


@pytest.mark.parametrize("build", [source_notebook, learner_notebook, solution_notebook])
def test_notebooks_are_valid_for_nbformat_and_nbgrader(lesson, build):
    notebook = build(lesson)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)


def test_ids_stand_in_the_cell_and_in_its_metadata(lesson):
    cells = learner_notebook(lesson).cells
    assert all(cell["id"] == cell.metadata["id"] for cell in cells)
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", cell["id"]) for cell in cells)
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_inserting_a_cell_renames_no_other(lesson_copy):
    before = by_id(learner_notebook(read_lesson(lesson_copy)))
    change(lesson_copy, "# %% [markdown]\n# ## Takeaways", "# %%\nimport torch\n\n# %% [markdown]\n# ## Takeaways")
    after = by_id(learner_notebook(read_lesson(lesson_copy)))
    assert len(after) == len(before) + 1
    assert before.keys() < after.keys()


def test_a_notebook_opens_with_its_badge_and_its_title_and_then_the_set_up_cell(lesson):
    cells = learner_notebook(lesson).cells
    assert "colab.research.google.com/github/" in cells[0].source
    assert "/blob/main/lesson90_tiny/lesson90_tiny.ipynb)" in cells[0].source
    assert cells[1].source.startswith("# Lesson 90")
    assert cells[2].source.startswith("# Run this cell first")
    assert cells[2].source.endswith('tier = course.start("lesson90_tiny")')


def test_the_badge_of_a_lesson_on_a_shelf_names_the_shelf(tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "lesson03_to_08" / "lesson90_tiny")
    badge = learner_notebook(read_lesson(folder)).cells[0].source
    assert "/blob/main/lesson03_to_08/lesson90_tiny/lesson90_tiny.ipynb)" in badge


def test_the_same_lesson_gives_the_same_bytes(lesson, lesson_copy):
    text = notebook_text(learner_notebook(lesson))
    assert text == notebook_text(learner_notebook(read_lesson(lesson_copy)))
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


def test_stock_nbgrader_would_release_the_same_notebook(lesson):
    from nbgrader.converters import GenerateAssignment

    stock, resources = source_notebook(lesson), {"nbgrader": {"notebook": lesson.name}}
    pipeline = GenerateAssignment.preprocessors.default()
    for preprocessor in pipeline:
        if preprocessor.__name__ not in ("SaveCells", "IncludeHeaderFooter"):  # the gradebook; files of a class folder
            stock, resources = preprocessor().preprocess(stock, resources)
    ours, theirs = by_id(learner_notebook(lesson)), by_id(stock)
    assert {name: cell.source for name, cell in ours.items()} == {name: cell.source for name, cell in theirs.items()}
    checksums = [
        {n: c.metadata.nbgrader.checksum for n, c in cells.items() if "nbgrader" in c.metadata}
        for cells in (ours, theirs)
    ]
    assert checksums[0] == checksums[1]


def test_a_submission_holds_the_solution_or_the_answer_put_in_its_place(lesson):
    solved = by_id(solution_notebook(lesson))
    assert "counts = {}" in solved["word_counts"].source
    assert "SOLUTION" not in solved["word_counts"].source
    answered = by_id(solution_notebook(lesson, {"scaled_update": "def scaled_update(A, B, alpha):\n    return B @ A"}))
    assert answered["scaled_update"].source.startswith("# scaled_update\ndef scaled_update")
    assert answered["scaled_update"].source.endswith("return B @ A")
    assert answered["word_counts"].source == solved["word_counts"].source
    release = by_id(learner_notebook(lesson))
    assert answered["scaled_update"].metadata == release["scaled_update"].metadata


def test_an_answer_to_an_unknown_exercise_is_refused(lesson):
    with pytest.raises(LessonError, match="no exercise scaled; it has word_counts, scaled_update"):
        solution_notebook(lesson, {"scaled": ""})


def test_checking_reports_stale_notebooks_and_building_refreshes_them(lesson_copy):
    root, file = lesson_copy.parent, lesson_copy / "lesson90_tiny.ipynb"
    assert write_notebooks(root, check=True) == [file]
    assert not file.exists()
    assert write_notebooks(root) == [file]
    assert write_notebooks(root) == []
    change(lesson_copy, "Takeaways", "Key takeaways")
    assert write_notebooks(root, check=True) == [file]
    assert "Key takeaways" not in file.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_release_runs_to_its_end_and_fails_only_where_stubs_stand(tiny, tmp_path):
    from nbclient import NotebookClient

    folder = shutil.copytree(tiny, tmp_path / "lesson06_training")
    notebook = learner_notebook(read_lesson(folder))
    NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    errors = {
        cell["id"]: output.ename
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }
    assert errors == dict.fromkeys(
        ["test_word_counts", "test_word_counts_edges", "test_scaled_update"], "NotImplementedError"
    )
    assert not [o for o in by_id(notebook)["setup"].outputs if o.get("name") == "stderr"]


def test_the_build_command_says_what_is_stale_and_what_it_wrote(lesson_copy, capsys):
    root = str(lesson_copy.parent)
    assert main(["build", "--root", root, "--check"]) == 1
    assert "stale: " in capsys.readouterr().out
    assert main(["build", "--root", root]) == 0
    assert main(["build", "--root", root, "--check"]) == 0
    assert "1 notebook up to date" in capsys.readouterr().out


def test_the_build_command_names_a_mistake_in_one_line(lesson_copy, capsys):
    change(lesson_copy, "points=2", "")
    assert main(["build", "--root", str(lesson_copy.parent)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is a test without points" in line


def test_the_example_in_contributing_is_a_lesson_that_its_solution_passes(root, tmp_path):
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = re.search(r"^( *)```python\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL).group(2)
    folder = tmp_path / "lesson09_topic"
    folder.mkdir()
    (folder / "lesson.py").write_text(textwrap.dedent(example), encoding="utf-8")
    lesson = read_lesson(folder)
    learner_notebook(lesson)
    names: dict = {}
    for cell in lesson.cells:
        if cell.is_solution or cell.is_test:
            exec(cell.source, names)
    assert lesson.exercises == ("lora_params",)
