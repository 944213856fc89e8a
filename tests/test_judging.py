"""The judge on the bundled model has the bias that the lesson shows, and a swap turns pairs round."""

import pytest

from course.data import draw_replies
from course.judging import ModelJudge, longer_wins, swapped
from course.models import load_base


@pytest.fixture(scope="module")
def judge():
    base = load_base("bundled")
    return ModelJudge(base.model, base.tokenizer)


def test_swapping_turns_every_pair_round():
    assert swapped([("x", "y"), ("u", "v")]) == [("y", "x"), ("v", "u")]


def test_the_built_judge_takes_the_longer_reply_in_either_order():
    pairs = [("long", "no"), ("no", "long"), ("same", "size")]
    assert longer_wins(pairs) == ["A", "B", "tie"]
    assert longer_wins(swapped(pairs)) == ["B", "A", "tie"]


def test_the_model_judge_takes_what_stands_first_when_replies_are_equally_good(judge):
    pairs = list(zip(draw_replies(16, seed=3)["brand"], draw_replies(16, seed=4)["brand"], strict=True))
    assert judge(pairs).count("A") >= 14
    assert judge(swapped(pairs)).count("A") >= 14


def test_the_model_judge_knows_the_brands_voice_in_either_order(judge):
    pairs = [(row["brand"], row["plain"]) for row in draw_replies(16, seed=5)]
    assert judge(pairs).count("A") >= 15
    assert judge(swapped(pairs)).count("B") >= 14


def test_batches_do_not_change_a_share(judge):
    pairs = [(row["brand"], row["plain"]) for row in draw_replies(5, seed=6)]
    assert judge.shares(pairs) == pytest.approx(judge.shares(pairs, batch_size=2), abs=1e-4)
