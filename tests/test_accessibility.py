"""axe finds no fault with what the course shows in JupyterLab, light and dark; the keyboard reaches all of it."""

from __future__ import annotations

import nbformat
import pytest
from accessibility import faults
from lab import CHROMIUM, jupyterlab

pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

EXPLORERS = {
    "costs": "explore_costs",
    "decision": "explore_decision",
    "explorers.dpo": "explore_dpo",
    "explorers.interval": "explore_intervals",
    "explorers.leash": "explore_leash",
    "explorers.rank": "explore_rank",
    "explorers.schedule": "explore_schedule",
    "explorers.serving": "explore_serving",
    "explorers.vram": "explore_vram",
}
CELLS = {
    "quick check": """import course
from course import Choice, Question
course.quick_check(
    "What does `B = 0` make a fresh adapter?",
    Choice("An exact no-op", "Zero times anything adds nothing.", correct=True),
    Choice("A random change", "A is random, but `B A` is still zero."),
)""",
    "knowledge check": """course.knowledge_check(
    "lesson01_why_finetune",
    *(Question(f"What is {n} + {n}?", Choice(f"It is {2 * n}", "Yes.", correct=True), Choice("Less", "It is more."))
      for n in range(1, 7)),
)""",
    "progress": "course.progress()",
    "training": """from types import SimpleNamespace
from course.live import LiveTraining
live, state = LiveTraining("Triage"), SimpleNamespace(global_step=0, max_steps=5, log_history=[])
live.on_train_begin(None, state, None)
for step in range(1, 5):
    state.global_step = step
    live.on_step_end(None, state, None)
    live.on_log(None, state, None, logs={"loss": 3 / step})""",
    "ladder": """from course.ladder.report import Report, Rung
from IPython.display import HTML
found = [("Files", "passed"), ("Tensors", "failed"), ("Forgetting", "not reached")]
rungs = tuple(Rung(n, name, state, "`rank` is 300.") for n, (name, state) in enumerate(found, 1))
HTML(Report("adapter", "bundled", rungs, 0.5).html())""",
    **{name: f"from course.{name} import {function}\n{function}()" for name, function in EXPLORERS.items()},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learner")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "widgets.ipynb")
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="module", params=["Light", "Dark"])
def widgets(lab, request):
    lab.theme(request.param)
    with lab.notebook("widgets.ipynb") as page:
        page.locator(f'body[data-jp-theme-light="{str(request.param == "Light").lower()}"]').wait_for(state="attached")
        lab.run_all(page)
        page.locator(".course-panel").nth(1 + len(EXPLORERS)).wait_for()
        yield page


def output(page, name: str):
    return page.locator(".jp-CodeCell").nth(list(CELLS).index(name)).locator(".jp-OutputArea-output").first


@pytest.mark.parametrize("name", CELLS)
def test_axe_finds_no_fault_with_a_widget_in_jupyterlab(widgets, name):
    place = f".jp-CodeCell:nth-child({list(CELLS).index(name) + 1} of .jp-CodeCell) .jp-OutputArea-output"
    assert widgets.locator(place).count() > 0
    assert faults(widgets, place) == []


def test_an_explanation_is_announced_from_a_place_that_stays(widgets):
    check = output(widgets, "quick check")
    place = check.get_by_role("status").element_handle()
    assert place.get_attribute("aria-live") == "polite"
    check.get_by_role("button", name="B. A random change").focus()
    widgets.keyboard.press("Enter")
    check.get_by_text("✗ Not this one (B).").wait_for()
    assert place.evaluate("place => place.isConnected") and "✗ Not this one (B)." in place.inner_text()


def test_axe_finds_no_fault_with_answered_questions(widgets):
    output(widgets, "quick check").get_by_role("button", name="A. An exact no-op").click()
    output(widgets, "quick check").get_by_text("✓ Right (A).").wait_for()
    output(widgets, "quick check").get_by_role("button", name="B. A random change").click()
    output(widgets, "quick check").get_by_text("✗ Not this one (B).").wait_for()
    check = output(widgets, "knowledge check")
    check.get_by_role("button", name="Less").first.click()
    check.get_by_text("1 of 6 answered.").wait_for()
    assert faults(widgets, ".course-panel") == []


def test_the_keyboard_moves_a_slider_whose_name_and_value_are_read_out(widgets):
    from playwright.sync_api import expect

    explorer = output(widgets, "explorers.leash")
    slider, picture = explorer.get_by_role("slider").first, explorer.locator("img[alt]:not([hidden])")
    alt, said = picture.get_attribute("alt"), explorer.get_by_role("status").inner_text()
    assert slider.get_attribute("aria-label") == "β, how tight the leash is"
    slider.focus()
    widgets.keyboard.press("Shift+Tab")
    widgets.keyboard.press("Tab")  # browsers show the focus of those who used the keyboard
    assert slider.evaluate("handle => getComputedStyle(handle).outlineStyle") != "none", "where is the keyboard?"
    for _ in range(3):
        widgets.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("alt", alt)
    expect(explorer.get_by_role("status")).not_to_have_text(said)
    assert slider.get_attribute("aria-valuetext") == explorer.locator(".widget-readout").first.inner_text()
