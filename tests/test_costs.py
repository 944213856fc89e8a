"""The cost calculator adds up, and its price list says where it comes from."""

import json
import math
from datetime import date

import pytest

from course.costs import PRICES, Bill, draw_costs, explore_costs, load_prices, payback_months, presets

PROMPT = Bill("Prompt", 900, 40, 2.0, 10.0)
RAG = Bill("RAG", 1500, 40, 2.0, 10.0, fixed=200, upfront=2000)
TUNED = Bill("Fine-tuned", 120, 40, 0.05, 0.08, upfront=1000)


def test_a_month_is_tokens_times_prices_per_million_and_what_is_fixed():
    assert PROMPT.month(100_000) == pytest.approx(100_000 * (900 * 2 + 40 * 10) / 1e6)
    assert RAG.month(0) == 200


def test_training_pays_back_when_the_savings_reach_what_it_cost_more():
    months = payback_months(PROMPT, TUNED, 100_000)
    assert PROMPT.month(100_000) * months == pytest.approx(TUNED.upfront + TUNED.month(100_000) * months)


def test_training_that_saves_nothing_never_pays_back():
    rented = Bill("Fine-tuned", 120, 40, 0, 0, fixed=583, upfront=1000)
    assert payback_months(PROMPT, rented, 10_000) == math.inf
    assert payback_months(PROMPT, PROMPT, 10_000) == 0


@pytest.mark.parametrize(
    ("requests", "words"), [(10_000, "does not pay"), (100_000, "pays for itself after"), (10**9, "pays for itself")]
)
def test_the_picture_says_whether_training_pays_and_names_every_bill(requests, words):
    fig, alt, table = draw_costs([PROMPT, RAG, TUNED], requests)
    (axes,) = fig.axes
    assert words in axes.get_title(loc="left")
    fig.canvas.draw()
    assert axes._left_title.get_window_extent().x1 <= fig.bbox.x1, "the title is cut off"
    assert all(bill.name in alt and bill.name in table for bill in (PROMPT, RAG, TUNED))


def test_every_price_has_a_source_and_a_date_that_has_passed():
    prices = load_prices()
    assert date.fromisoformat(prices["as_read"]) <= date.today()
    for entry in prices["models"] + prices["gpus"]:
        assert entry["page"].startswith("https://") and entry["read_at"].startswith("https://")
    assert json.loads(PRICES.read_text())["models"], "there is at least one model to choose"
    assert len(presets()) == len(prices["models"]) + len(prices["gpus"])


def test_the_calculator_leaves_a_picture_where_no_widget_can_be_drawn(capsys):
    explore_costs()
    assert "a month" in capsys.readouterr().out
