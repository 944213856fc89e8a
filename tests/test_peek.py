"""Looking inside one call shows the model's own probabilities."""

import pytest

from course.models import load_base
from course.peek import draw_next_tokens, next_tokens, reading_seconds

HELLO = [{"role": "user", "content": "Where is my Lynx tarp?"}]


@pytest.fixture(scope="module")
def base():
    return load_base("bundled")


def test_first_tokens_come_likeliest_first_and_are_shares_of_one(base):
    shares = [share for _, share in next_tokens(base.model, base.tokenizer, HELLO, count=5)]
    assert len(shares) == 5
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1


def test_the_picture_describes_its_bars(base, capsys):
    draw_next_tokens(base.model, base.tokenizer, HELLO, "How an answer may begin")
    assert "likeliest first tokens" in capsys.readouterr().out


def test_reading_is_timed_for_every_length(base):
    assert all(seconds > 0 for seconds in reading_seconds(base.model, [8, 32], repeats=1))
