"""A learner works through lesson 1 in JupyterLab: reads, clicks, solves, fails a test, passes it, completes."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from lab import CHROMIUM, jupyterlab

from autograder.authoring.lesson import read_answers, read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook
from autograder.authoring.quizzes import read_questions

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
NAME = "lesson01_why_finetune"
EXERCISE = "valid_ticket"
MISTAKE = "checks that it is JSON, not what is in it"
SENTENCE = "'complaint' is not one of INTENTS: check the value."


@pytest.fixture(scope="module")
def lesson(root):
    return read_lesson(root / NAME)


@pytest.fixture(scope="module")
def notebook(lesson):
    """Give the lesson as a learner left it who has still to solve one exercise."""
    solved = solution_notebook(lesson)
    stubs = {cell["id"]: cell.source for cell in learner_notebook(lesson).cells}
    for cell in solved.cells:
        if cell["id"] == EXERCISE:
            cell.source = stubs[EXERCISE]
    return solved


@pytest.fixture(scope="module")
def lab(notebook, tmp_path_factory):
    folder = tmp_path_factory.mktemp("learner")
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="module")
def page(lab):
    with lab.notebook(f"{NAME}.ipynb") as opened:
        yield opened


@pytest.fixture(scope="module")
def cell(page, notebook):
    """Find a cell on the page by its id."""
    places = {cell["id"]: place for place, cell in enumerate(notebook.cells)}
    return lambda name: page.locator(".jp-Notebook > .jp-WindowedPanel-outer .jp-Cell").nth(places[name])


@pytest.fixture(scope="module")
def questions(lesson):
    return read_questions(lesson)[0]


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return lambda what, name: what.screenshot(path=folder / f"lesson1-{name}.png")


def option(panel, question: int, position: int):
    """Return a question's option in a panel of one or more questions."""
    return panel.get_by_role("button", name=re.compile(rf"^{'ABCDEFGH'[position]}\. ")).nth(question)


def write_and_run(page, cell, source: str) -> None:
    """Replace a cell's text and run it."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")


def run(page, cell) -> None:
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def test_the_first_cells_run_and_say_where_the_learner_is(lab, page, cell, picture):
    cell(EXERCISE).locator(".cm-content").click()
    lab.menu(page, "Run", "Run All Above Selected Cell")
    cell("setup").get_by_text("Lesson 1 · Why fine-tune? The decision framework").wait_for()
    page.locator(".course-panel").first.wait_for()
    picture(page, "top")


def test_every_option_of_a_quick_check_explains_itself(page, questions, picture):
    check, question = page.locator(".course-panel").first, questions[0]
    wrong_first = sorted(range(len(question.options)), key=lambda position: position == question.right_position)
    for position in wrong_first:
        option(check, 0, position).click()
        verdict = "✓ Right" if position == question.right_position else "✗ Not this one"
        check.get_by_role("status").get_by_text(f"{verdict} ({'ABCDEFGH'[position]})").wait_for()
        if position == wrong_first[0]:
            picture(check, "quick-check-wrong")
    picture(check, "quick-check-right")


def test_a_stub_then_a_mistake_are_met_with_a_sentence_and_a_solution_passes(page, cell, lesson, picture):
    test = cell(f"test_{EXERCISE}")
    run(page, cell(EXERCISE))
    run(page, test)
    test.get_by_text("is not written yet").wait_for()
    picture(test, "test-stub")

    (mistake,) = [answer.source for answer in read_answers(lesson.folder, lesson) if answer.reason == MISTAKE]
    write_and_run(page, cell(EXERCISE), f"# {EXERCISE}\n{mistake}")
    run(page, test)
    test.locator(".jp-OutputArea").get_by_text(SENTENCE).wait_for()
    assert "Traceback" not in test.inner_text()
    picture(test, "test-failed")

    solution = next(cell.source for cell in solution_notebook(lesson).cells if cell["id"] == EXERCISE)
    write_and_run(page, cell(EXERCISE), solution)
    run(page, test)
    test.get_by_text(f"✓ test_{EXERCISE} passed (2 points)").wait_for()
    picture(test, "test-passed")


def test_the_rest_of_the_lesson_runs_to_its_end(lab, page, cell, picture):
    cell("test_valid_ticket_strict").locator(".cm-content").click()
    lab.menu(page, "Run", "Run Selected Cell and All Below")
    page.locator(".course-road").last.wait_for(timeout=900_000)
    for test in ("test_monthly_cost", "test_break_even_requests", "test_choose_approach"):
        assert f"✓ {test} passed (2 points)" in cell(test).inner_text()
    figures = page.locator(".jp-OutputArea img[alt]:not([hidden])")
    assert figures.count() >= 1, "lesson 1 shows a measured figure with a description"
    short = [text for text in figures.evaluate_all("all => all.map(one => one.alt)") if len(text) <= 30]
    assert not short, "a description says what there is to see"
    for number in range(figures.count()):
        picture(figures.nth(number), f"figure-{number}")


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


def test_progress_then_shows_the_lesson_complete_and_the_next_one(page, cell, notebook, picture):
    (last,) = [cell["id"] for cell in notebook.cells if cell.source.endswith("course.progress()")]
    headline = cell(last).locator(".course-road .head")
    headline.get_by_text("0 of 8 lessons complete").wait_for()  # as it was before the check was passed
    run(page, cell(last))
    headline.get_by_text("1 of 8 lessons complete").wait_for()
    cell(last).get_by_text("Next: open lesson 2, The methods").wait_for()
    picture(cell(last), "progress")
    picture(cell("check_offer"), "check-offer")
