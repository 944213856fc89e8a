"""The voice job: nobody wrote a perfect reply, comparisons point at the better one, and scores count both halves."""

import subprocess
import sys
from collections import Counter

import pytest

from course.data import draw_replies, voice_score
from course.data.archive import draw_archive, draw_comparisons
from course.voice import is_helpful, score_replies


def score(message):
    return round(3 * voice_score(message[0]["content"]))


def test_archived_replies_have_none_one_or_two_parts_in_the_shops_voice():
    counts = Counter(score(row["completion"]) for row in draw_archive(900, seed=1))
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) > 230


def test_each_part_is_in_the_shops_voice_a_third_of_the_time():
    replies = [row["completion"][0]["content"] for row in draw_archive(900, seed=1)]
    signed = sum(reply.endswith(", Juniper") for reply in replies)
    greeted = sum(reply.startswith(("Howdy", "Hey there", "Ahoy", "Well hello")) for reply in replies)
    assert signed / 900 == pytest.approx(1 / 3, abs=0.05)
    assert greeted / 900 == pytest.approx(1 / 3, abs=0.05)


def test_the_chosen_reply_has_more_of_the_voice_and_none_is_perfect():
    pairs = draw_comparisons(300, seed=1)
    assert all(score(row["chosen"]) > score(row["rejected"]) for row in pairs)
    assert {score(row["chosen"]) for row in pairs} == {1, 2}


def test_chosen_and_rejected_replies_say_will_alike():
    """A contraction that only chosen replies had would be learned in place of the voice."""
    pairs = draw_comparisons(600, seed=2)
    shares = [sum("We'll" in row[side][0]["content"] for row in pairs) / 600 for side in ("chosen", "rejected")]
    assert shares[0] == pytest.approx(shares[1], abs=0.08)


def test_equal_seeds_draw_equal_pairs_in_any_process():
    code = "from course.data.archive import draw_comparisons; print(list(draw_comparisons(5, seed=3)))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == str(list(draw_comparisons(5, seed=3)))


def test_a_reply_helps_when_it_names_the_product_and_promises_what_fits():
    ticket = {"product": "Lynx tarp", "intent": "refund"}
    assert is_helpful("Dear customer, your Lynx tarp. We will send you a return label.", ticket)
    assert not is_helpful("Dear customer, your Lynx tarp. We will trace the parcel today.", ticket)
    assert not is_helpful("Dear customer, your Yukon tent. We will send you a return label.", ticket)


def test_perfect_replies_score_everything_and_plain_ones_only_help():
    tickets = draw_replies(20, seed=4)
    brand, plain = (score_replies(tickets[voice], tickets) for voice in ("brand", "plain"))
    assert (brand.voice, brand.whole, brand.helpful) == (pytest.approx(1), 1, 1)
    assert (plain.voice, plain.whole, plain.helpful) == (0, 0, 1)
