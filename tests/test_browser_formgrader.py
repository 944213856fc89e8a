"""An instructor grades an answer in words, in nbgrader's own formgrader, in a real browser."""

import pytest
from classes import LESSON, SOURCE, make_class
from lab import CHROMIUM, jupyterlab
from term import PROSE

from autograder.gradebook.classroom import grades, nbgrader

pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class in which ada has answered in words and eve has not."""
    root = tmp_path_factory.mktemp("lessons")
    (root / LESSON).mkdir()
    (root / LESSON / "lesson.py").write_text((SOURCE + PROSE).lstrip(), encoding="utf-8")
    (root / LESSON / "answers.py").touch()
    folder = make_class(tmp_path_factory.mktemp("class") / "class", root, {"ada": {}, "eve": None})
    nbgrader(folder, "autograde", LESSON)
    return folder


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as lab:
        page = lab.browser.new_page(viewport={"width": 1200, "height": 1400})
        page.set_default_timeout(60_000)
        page.goto(f"{lab.url}/formgrader/gradebook", wait_until="domcontentloaded")
        yield page


def test_an_answer_in_words_is_given_points_and_a_comment_that_reach_grades_and_feedback(folder, page):
    assert grades(folder)["ada", LESSON] == (5, 9)
    for address in (f"**/gradebook/{LESSON}", f"**/gradebook/{LESSON}/{LESSON}"):
        page.locator("tbody").get_by_role("link", name=LESSON).first.click()
        page.wait_for_url(address)
    waiting = page.locator("tbody tr").filter(has=page.locator("td.needs-manual-grade .glyphicon-ok"))
    waiting.first.wait_for()
    assert waiting.count() == 1, "eve left the question as it was, so only ada's answer waits"
    waiting.get_by_role("link").first.click()
    page.get_by_text("Because twice is a sum.").wait_for()
    _fill(page, "input#why.needs_manual_grade", "3", "/api/grade/")  # so marked once the page has what is stored
    _fill(page, "textarea#why-comment[placeholder]", "Say also what it saves.", "/api/comment/")
    assert grades(folder)["ada", LESSON] == (8, 9)
    nbgrader(folder, "generate_feedback", LESSON)
    text = (folder / "feedback" / "ada" / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")
    assert "Say also what it saves." in text and "3.0 / 4.0" in text


def _fill(page, field, text, address):
    """Type into a field, leave it, and wait until the formgrader has saved it."""
    page.locator(field).wait_for()
    with page.expect_response(lambda answer: address in answer.url and answer.request.method == "PUT"):
        page.locator(field).fill(text)
        page.keyboard.press("Tab")
