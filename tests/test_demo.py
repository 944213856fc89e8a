"""The demo is one page on this machine: it answers with the learner's own functions, loads nothing from elsewhere."""

import re
import threading
import urllib.request

import pytest
from lab import CHROMIUM, PATIENCE, QUIET

from course.data import grounded_prompt, price_list
from course.data.desk import price_lines
from course.demo import HOST, demo, serving, told
from course.hybrid import Desk, Handled

PRICES = price_list(2027)
PRODUCT, ENTRY = next(iter(PRICES.items()))
QUESTION = f"How much is the {PRODUCT}?"


def route(message):
    return "facts" if "How much" in message else "triage"


def first_named(query, documents, k):
    """Find documents as a learner's top_k does."""
    return sorted(range(len(documents)), key=lambda index: -any(word in documents[index] for word in [PRODUCT]))[:k]


class Canned(Desk):
    """A desk whose two adapters always say the same; what is asked of them is real."""

    def _ask(self, prompts, adapter):
        return {index: f"<b>{adapter}</b> was asked {len(prompt)} letters" for index, prompt in prompts.items()}


@pytest.fixture
def desk():
    return Canned(None, None, price_lines(PRICES), route, first_named, grounded_prompt)


def test_the_page_tells_route_document_prompt_and_reply_and_shows_text_as_text(desk):
    shown = told(desk, QUESTION, started=0.0)
    assert "facts" in shown and f"{PRODUCT} costs ${ENTRY['price'].lstrip('$')}" in shown and QUESTION in shown
    assert "&lt;b&gt;reply&lt;/b&gt;" in shown and "<b>" not in shown
    assert "none: nothing is to be done" in shown
    assert "nothing: no fact is asked for" in told(desk, "My tent broke.", started=0.0)


def test_it_listens_on_this_machine_only_and_stops_when_its_cell_does(desk):
    before = threading.active_count()
    with serving(desk) as (address, _):
        assert re.fullmatch(rf"http://{re.escape(HOST)}:\d+", address)
        with urllib.request.urlopen(address, timeout=60) as page:
            text = page.read().decode()
    linked = set(re.findall(r"https?://[^/\"' ]+", text)) - {address}
    assert not {link for link in linked if "w3.org" not in link}, linked
    with pytest.raises(OSError):
        urllib.request.urlopen(address, timeout=5)
    assert not [thread for thread in threading.enumerate() if thread.name == "demo"], before


def test_one_call_serves_for_the_time_it_is_given(desk, capsys):
    demo(desk, minutes=0.001)
    printed = capsys.readouterr().out
    assert "http://127.0.0.1:" in printed and printed.endswith("The demo has ended.\n")


def test_in_colab_it_says_why_there_is_none(desk, capsys, monkeypatch):
    monkeypatch.setattr("course.state.in_colab", lambda: True)
    demo(desk)
    assert "desk.handle" in capsys.readouterr().out


@pytest.mark.browser
def test_a_visitor_asks_one_question_and_stops_the_demo(tmp_path):
    from adapters import write
    from playwright.sync_api import sync_playwright

    from course.hybrid import load_desk
    from course.models import TIERS

    loaded = load_desk(TIERS["bundled"], write(tmp_path / "triage"), write(tmp_path / "reply"))
    desk = Desk(loaded.model, loaded.tokenizer, price_lines(PRICES), route, first_named, grounded_prompt)
    with serving(desk) as (address, stopped), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 420, "height": 900})
        page.set_default_timeout(PATIENCE)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.goto(address)
        page.get_by_label("A customer's message").fill(QUESTION)
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="5 · Reply, for the customer").wait_for()
        shown = page.locator("pre").all_inner_texts()
        page.get_by_role("button", name="Stop the demo").click()
        assert stopped.wait(60)
        browser.close()
    assert shown[0].startswith("facts") and shown[1].startswith(f"{PRODUCT} costs") and shown[2].endswith(QUESTION)
    handled = desk.handle([QUESTION])[0]
    assert isinstance(handled, Handled) and shown[4].strip() == handled.reply.strip() and handled.reply
    assert asked and all(url.removeprefix("blob:").split("://")[1].startswith(HOST) for url in asked), asked
