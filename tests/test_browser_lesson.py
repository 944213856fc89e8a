"""A learner opens lesson 1 itself in JupyterLab, runs it, answers its checks, and completes it."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from lab import CHROMIUM, jupyterlab

from autograder.lesson import read_lesson
from autograder.notebooks import solution_notebook
from autograder.quizzes import read_questions

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
NAME = "lesson01_why_finetune"


@pytest.fixture(scope="module")
def lab(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("learner")
    nbformat.write(solution_notebook(read_lesson(root / NAME)), folder / f"{NAME}.ipynb")
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="module")
def page(lab):
    with lab.notebook(f"{NAME}.ipynb") as opened:
        lab.run_all(opened, patience=900_000)
        yield opened


@pytest.fixture(scope="module")
def questions(root):
    return read_questions(read_lesson(root / NAME))[0]


def option(panel, question: int, position: int):
    """Return a question's option in a panel of one or more questions."""
    return panel.get_by_role("button", name=re.compile(rf"^{'ABCDEFGH'[position]}\. ")).nth(question)


def test_every_option_of_a_quick_check_explains_itself(page, questions):
    check, question = page.locator(".course-panel").first, questions[0]
    for position in range(len(question.options)):
        option(check, 0, position).click()
        verdict = "✓ Right" if position == question.right_position else "✗ Not this one"
        check.get_by_role("status").get_by_text(f"{verdict} ({'ABCDEFGH'[position]})").wait_for()


def test_only_passing_the_knowledge_check_completes_the_lesson(lab, page, questions):
    check = page.locator(".course-panel").last
    asked = [question for question in questions if question.check == "knowledge_check"]
    state = lab.folder / "progress.json"
    check.get_by_text("Lesson 1 is not complete yet").wait_for()
    for wrong in (len(asked), 0):
        for number, question in enumerate(asked):
            position = (question.right_position + (number < wrong)) % len(question.options)
            # Only questions that have so many options show a button of this letter.
            before = sum(len(other.options) > position for other in asked[:number])
            option(check, before, position).click()
            check.get_by_text(f"{number + 1} of {len(asked)} answered.").wait_for()
        check.get_by_role("button", name="Submit answers").click()
        if wrong:
            check.get_by_text(f"✗ Not passed yet. 0 of {len(asked)} right").wait_for()
            assert json.loads(state.read_text())["lessons"][NAME]["complete"] is False
            check.get_by_role("button", name="Try again").click()
            check.get_by_text(f"0 of {len(asked)} answered.").wait_for()
    check.get_by_text("✓ Lesson 1 is complete").wait_for()
    assert json.loads(state.read_text())["lessons"][NAME]["complete"] is True


def test_pictures_of_the_lesson_can_be_looked_at(page, tmp_path):
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    figures = page.locator(".jp-OutputArea img[alt]")
    assert figures.count() >= 1, "lesson 1 shows a measured figure with a description"
    assert all(len(text) > 30 for text in figures.evaluate_all("all => all.map(one => one.alt)"))
    for number in range(figures.count()):
        figures.nth(number).screenshot(path=folder / f"lesson1-figure-{number}.png")
    page.locator(".jp-Cell").first.scroll_into_view_if_needed()
    page.screenshot(path=folder / "lesson1-top.png")
