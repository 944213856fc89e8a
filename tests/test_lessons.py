"""Every lesson, found by its folder: its notebook is fresh, and it keeps the course's rules."""

import re
from pathlib import Path

import pytest

from autograder import players
from autograder.authoring.lesson import find_lessons, read_lesson
from autograder.authoring.notebooks import learner_notebook, notebook_text, solution_notebook
from autograder.authoring.quizzes import course_quiz_problems
from autograder.authoring.rules import problems

FOLDERS = find_lessons(Path(__file__).parents[1])
each_lesson = pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])


def test_the_first_and_the_sixth_lesson_are_found():
    assert {"lesson01_why_finetune", "lesson06_training"} <= {folder.name for folder in FOLDERS}


@each_lesson
def test_the_notebook_is_fresh(folder):
    lesson = read_lesson(folder)
    committed = folder / f"{folder.name}.ipynb"
    assert committed.is_file(), "run `make notebooks` and commit the notebook"
    is_fresh = committed.read_text(encoding="utf-8") == notebook_text(learner_notebook(lesson))
    assert is_fresh, "run `make notebooks` and commit what changed"


@each_lesson
def test_the_lesson_keeps_the_rules(folder):
    broken = problems(read_lesson(folder))
    assert not broken, "\n".join(broken)


@each_lesson
def test_no_price_is_taken_for_a_formula(folder):
    """Jupyter reads "$2 to send and $10" as a formula of the words between, and no backslash helps."""
    cells = [cell for cell in read_lesson(folder).cells if cell.kind == "markdown"]
    prices = [cell.source[:80] for cell in cells if re.search(r"\$\d[^$]*\$", cell.source)]
    assert not prices, "write 2 dollars"


def test_neither_place_nor_length_gives_an_answer_away():
    broken = course_quiz_problems(map(read_lesson, FOLDERS))
    assert not broken, "\n".join(broken)


def test_ada_finds_the_start_that_she_mends():
    (folder,) = (folder for folder in FOLDERS if folder.name == players.CAPSTONE)
    notebook = solution_notebook(read_lesson(folder))
    players.mend(notebook)
    assert "rehearsal(load_for_measuring(tier)" in "\n".join(cell.source for cell in notebook.cells)
