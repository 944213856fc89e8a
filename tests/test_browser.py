"""A learner clicks, and types, through a real JupyterLab."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from lab import CHROMIUM, jupyterlab

pytest.importorskip("playwright")
pytest.importorskip("jupyterlab")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

CELLS = [
    "import course\nfrom course import Choice, Question\nfrom course import feedback\n_ = feedback.install()",
    """course.quick_check(
    "Your model answers in the right tone but quotes last year's prices. What changes that?",
    Choice("Fine-tune it on the new price list", "Training teaches behaviour; prices may change again."),
    Choice("Retrieve the price list when a question comes, and put it first: `prompt = prices + question`, "
           "which takes more tokens but is never out of date", "Knowledge that changes belongs in the `prompt`.",
           correct=True),
    Choice("Ask it more firmly", "No instruction can supply a fact the model has never seen."),
)""",
    """course.knowledge_check(
    "lesson01_why_finetune",
    *(Question(f"What is {n} + {n}, as `int`?",
               Choice(f"It is {2 * n}", f"Yes, twice {n}.", correct=True),
               Choice(f"It is {2 * n + 1}", f"One more than twice {n}.")) for n in range(1, 7)),
)""",
    "course.progress()",
    "def double(x):\n    return x + 2",
    "# test_double · 2 points\nassert double(2) == 4, 'two and two'\nassert double(5) == 10, 'Doubling adds x, not 2.'",
    "# test_double_small · 1 point\nassert double(2) == 4",
    """from course import figures
fig, ax = figures.figure("Fine-tuning fixes the format", ylabel="valid JSON (%)")
names = ["base", "prompt", "rag", "tuned", "hybrid", "bad"]
bars = ax.bar(names, [18, 55, 62, 99, 99, 7], color=[figures.COLOURS[name] for name in names])
figures.label_bars(ax, bars)
_ = figures.show(fig, alt="Bars: the base model gives valid JSON for 18 % of tickets, the tuned one for 99 %.")
fig, ax = figures.figure("Lines are named where they end", xlabel="steps", ylabel="loss (nats)")
for i, name in enumerate(names):
    ax.plot([0, 50, 100], [3, 1.5 + i / 3, 0.3 + i / 3], color=figures.COLOURS[name])
    figures.label_line(ax, [0, 50, 100], [3, 1.5 + i / 3, 0.3 + i / 3], name, figures.COLOURS[name])
_ = figures.show(fig, alt="Lines fall.")""",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learner")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.cells[5].metadata.tags = ["raises-exception"]  # the run goes on after the failing test
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "checks.ipynb")
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="module")
def page(lab):
    with lab.notebook("checks.ipynb") as opened:
        lab.run_all(opened)
        yield opened


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page, name: str) -> None:
        for i, output in enumerate(page.locator(".jp-CodeCell .jp-OutputArea").all()):
            if output.is_visible():
                output.screenshot(path=str(folder / f"{name}-{i}.png"))

    return take


def quick(page):
    return page.locator(".course-panel").nth(0)


def knowledge(page):
    return page.locator(".course-panel").nth(1)


def test_clicking_a_wrong_option_then_the_right_one_explains_both(page):
    quick(page).get_by_role("button", name=re.compile("^A. Fine-tune")).click()
    status = quick(page).get_by_role("status")
    status.get_by_text(
        "✗ Not this one (A). Training teaches behaviour; prices may change again. Try another."
    ).wait_for()
    quick(page).get_by_role("button", name=re.compile("^B. Retrieve")).click()
    status.get_by_text("✓ Right (B). Knowledge that changes belongs in the prompt.").wait_for()
    assert status.locator("code").inner_text() == "prompt"
    assert quick(page).get_by_role("button", name=re.compile(r"^A. Fine-tune.*\(not this one\)$")).is_visible()


def test_the_keyboard_alone_answers_a_quick_check(page):
    last = quick(page).get_by_role("button", name=re.compile("^C. Ask"))
    first = quick(page).get_by_role("button", name=re.compile("^A. Fine-tune"))
    first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert last.evaluate("button => button === document.activeElement")
    outline = last.evaluate("button => getComputedStyle(button).outlineStyle + getComputedStyle(button).outlineWidth")
    assert outline == "solid3px", "the focused option must show where the keyboard is"
    status = quick(page).get_by_role("status")
    page.keyboard.press("Enter")
    status.get_by_text("No instruction can supply a fact the model has never seen.").wait_for()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    status.get_by_text("✓ Right (B).").wait_for()


def test_a_knowledge_check_fails_is_retried_and_completes_the_lesson(lab, page, picture):
    check = knowledge(page)
    state = lab.folder / "progress.json"
    right, wrong = (
        check.get_by_role("button", name=re.compile(r"^A\.")),
        check.get_by_role("button", name=re.compile(r"^B\.")),
    )
    check.get_by_text("Lesson 1 is not complete yet: answer the knowledge check, 5 of 6 needed.").wait_for()

    for n in range(5):
        (wrong if n < 2 else right).nth(n).click()
        check.get_by_text(f"{n + 1} of 6 answered.").wait_for()
    check.get_by_role("button", name="Submit answers").click()
    check.get_by_text("Question 6 has no answer yet.").wait_for()
    assert check.get_by_text("Not this one").count() == 0, "no feedback before all questions are answered"
    right.nth(5).click()
    check.get_by_text("6 of 6 answered.").wait_for()
    check.get_by_role("button", name="Submit answers").click()
    check.get_by_text("✗ Not passed yet. 4 of 6 right, 5 needed.").wait_for()
    check.get_by_text("One more than twice 1.").wait_for()
    check.get_by_text("5 of 6 needed (best score 4 of 6).").wait_for()
    assert json.loads(state.read_text())["lessons"]["lesson01_why_finetune"]["complete"] is False
    picture(page, "light-failed")

    check.get_by_role("button", name="Try again").click()
    check.get_by_text("0 of 6 answered.").wait_for()
    assert check.get_by_text("One more than twice 1.").count() == 0, "a retry clears the feedback"
    for n in range(6):
        (wrong if n == 3 else right).nth(n).click()
        check.get_by_text(f"{n + 1} of 6 answered.").wait_for()
    check.get_by_role("button", name="Submit answers").press("Enter")
    check.get_by_text("✓ Passed. 5 of 6 right, 5 needed.").wait_for()
    check.get_by_text("✓ Lesson 1 is complete (best score 5 of 6).").wait_for()
    entry = json.loads(state.read_text())["lessons"]["lesson01_why_finetune"]
    assert entry["complete"] is True and entry["best"] == pytest.approx(5 / 6, abs=1e-6)
    picture(page, "light-passed")


def test_a_failing_test_is_one_sentence_and_a_passing_one_says_so(page):
    outputs = page.locator(".jp-CodeCell .jp-OutputArea")
    assert "✓ test_double_small passed (1 point)" in page.locator(".jp-Notebook").inner_text()
    error = outputs.filter(has_text="test_double failed").inner_text()
    assert "Doubling adds x, not 2." in error
    assert "Traceback" not in error and len(error) < 120


def test_the_checks_answer_in_the_dark_theme_and_remember_the_lesson(lab, page, picture):
    lab.theme("Dark")
    with lab.notebook("checks.ipynb") as dark:
        dark.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
        lab.run_all(dark)
        knowledge(dark).get_by_text("✓ Lesson 1 is complete (best score 5 of 6).").wait_for()
        dark.locator(".course-road .head", has_text="1 of 8 lessons complete").wait_for()
        quick(dark).get_by_role("button", name=re.compile("^A. Fine-tune")).click()
        quick(dark).get_by_text("✗ Not this one (A).").wait_for()
        quick(dark).get_by_role("button", name=re.compile("^B. Retrieve")).click()
        quick(dark).get_by_text("✓ Right (B).").wait_for()
        knowledge(dark).get_by_role("button", name=re.compile(r"^A\.")).first.click()
        knowledge(dark).get_by_text("1 of 6 answered.").wait_for()
        picture(dark, "dark")
