"""axe finds no fault with the site, light and dark, wide and narrow; the keyboard and a phone reach all of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from accessibility import faults
from lab import CHROMIUM, QUIET

pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LESSON = "lessons/lesson01_why_finetune.html"


@pytest.fixture(scope="module")
def browser(site):  # first the site, which runs lessons: while a browser is open, nothing else may use asyncio
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
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")  # what fades in is pale till then
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
