"""Wilson's interval is SciPy's."""

import math

import pytest
from scipy.stats import binomtest

from course.intervals import wilson


@pytest.mark.parametrize(("correct", "n"), [(0, 7), (7, 7), (70, 100), (1, 1_000), (4_321, 10_000)])
def test_the_interval_is_scipys(correct, n):
    theirs = binomtest(correct, n).proportion_ci(method="wilson")
    assert wilson(correct, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_without_tickets_every_share_is_possible():
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_hundred_tickets_at_seventy_percent_are_nine_points():
    low, high = wilson(70, 100)
    assert math.isclose((high - low) / 2, 0.09, abs_tol=0.002)
