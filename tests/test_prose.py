"""A question answered in words: a titled markdown cell with points, which a human grades."""

import pytest

from autograder.authoring.lesson import LessonError, read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook, source_notebook

LESSON = """
# %% [markdown]
# # Lesson 92 · Prose

# %% setup

# %% why [markdown] points=4
# Why is the base model frozen?
#
# ### BEGIN SOLUTION
# Because only the adapter is to learn.
# ### END SOLUTION
"""


def lesson_of(folder, text=LESSON):
    (folder / "lesson92_prose").mkdir()
    (folder / "lesson92_prose" / "lesson.py").write_text(text.lstrip(), encoding="utf-8")
    return read_lesson(folder / "lesson92_prose")


def cell_of(notebook):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "why")


def test_a_question_has_points_and_is_both_a_grade_and_a_solution_cell(tmp_path):
    cell = cell_of(source_notebook(lesson_of(tmp_path)))
    nbgrader = cell.metadata.nbgrader
    assert (cell.cell_type, nbgrader.points) == ("markdown", 4)
    assert (nbgrader.grade, nbgrader.solution, nbgrader.locked) == (True, True, False)


def test_learners_see_the_question_and_not_the_answer(tmp_path):
    lesson = lesson_of(tmp_path)
    assert cell_of(learner_notebook(lesson)).source == "Why is the base model frozen?\n\nYOUR ANSWER HERE"
    assert cell_of(solution_notebook(lesson)).source.endswith("\nBecause only the adapter is to learn.")


def test_a_question_without_a_model_answer_or_a_title_is_refused(tmp_path):
    with pytest.raises(LessonError, match="BEGIN SOLUTION"):
        lesson_of(tmp_path, LESSON.replace("# ### BEGIN SOLUTION\n", "").replace("# ### END SOLUTION\n", ""))
    (tmp_path / "again").mkdir()
    with pytest.raises(LessonError, match="points"):
        lesson_of(tmp_path / "again", LESSON.replace("why [markdown]", "[markdown]"))
