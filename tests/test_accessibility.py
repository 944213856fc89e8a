"""axe finds no fault with what the course shows, on the site and in JupyterLab; the keyboard reaches all of it.

The rules are those of WCAG 2.2, levels A and AA, contrast included, in the light and the dark theme.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from lab import CHROMIUM, QUIET, jupyterlab

pytest.importorskip("playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LESSON = "lessons/lesson01_why_finetune.html"

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


def faults(page, inside: str | None = None) -> list[str]:
    """Let axe look at a page, or at one part of it; return its findings, one line each."""
    found = axe.Axe().run(page, context=inside, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:300]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


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


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, site):
    """Open a page of the site, offline, and remember what it asks for."""
    opened = []

    def open_page(name: str, scheme: str = "light", size: dict = DESK):
        page = browser.new_page(viewport=size, color_scheme=scheme)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        opened.append(page)
        page.goto(f"{site.as_uri()}/{name}")
        page.locator(f'html[data-theme="{scheme}"]').wait_for(state="attached")
        return page

    yield open_page
    for page in opened:
        page.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", LESSON, "glossary.html", "instructor.html"])
def test_axe_finds_no_fault_with_a_page_of_the_site(open_page, name, scheme, size):
    page = open_page(name, scheme, size)
    page.evaluate("document.querySelectorAll('.bd-article details').forEach(fold => fold.open = true)")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"], "the page is too wide"
    assert all(place.startswith(("file:", "data:")) for place in page.asked)


def test_axe_finds_no_fault_with_training_and_an_adapters_report_in_the_dark(open_page):
    assert faults(open_page("lessons/lesson06_training.html", "dark")) == []


def test_the_keyboard_unfolds_an_answer(open_page):
    page = open_page(LESSON)
    first = page.locator(".course-quiz summary").first
    explanation = page.locator(".course-quiz details p").first
    assert not explanation.is_visible()
    first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert first.evaluate("summary => getComputedStyle(summary).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    explanation.wait_for()


def test_the_search_finds_a_word_without_a_server(open_page):
    page = open_page("search.html?q=bfloat16")
    page.locator('#search-results a[href="glossary.html#term-bfloat16"]').wait_for()


def test_a_phone_shows_the_lessons_when_its_menu_is_opened(open_page):
    page = open_page("index.html", size=PHONE)
    menu = page.locator(".bd-sidebar-primary").get_by_role("link", name="Lesson 4")
    assert not menu.is_visible()
    page.get_by_role("button", name="Toggle primary sidebar").click()
    menu.wait_for()
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")


def test_pictures_of_the_site_can_be_looked_at(open_page, tmp_path):
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for scheme, size in (("light", DESK), ("dark", PHONE)):
        for name in ("index.html", LESSON, "glossary.html"):
            page = open_page(name, scheme, size)
            page.screenshot(path=folder / f"site-{Path(name).stem}-{scheme}-{size['width']}.png")
