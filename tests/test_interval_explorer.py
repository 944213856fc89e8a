"""The interval explorer counts tickets as simulation counts them, and its controls redraw the picture."""

import numpy as np
import pytest
from scipy.stats import binomtest

from course.explorers.interval import SIZES, draw_interval, explore_intervals, pairs_needed
from course.intervals import wilson


@pytest.mark.parametrize(("gap", "discordant"), [(0.05, 0.075), (0.03, 0.15)])
def test_the_number_of_pairs_finds_the_gap_in_about_four_of_five_draws(gap, discordant):
    n = pairs_needed(gap, discordant)
    draws = np.random.default_rng(7).multinomial(
        n, [(discordant - gap) / 2, (discordant + gap) / 2, 1 - discordant], size=400
    )
    found = [binomtest(int(b), int(a + b)).pvalue < 0.05 for a, b, _ in draws]
    assert 0.66 < sum(found) / len(found) < 0.86  # the exact test is a little more careful than the formula


@pytest.mark.parametrize(("gap", "discordant"), [(0.0, 0.1), (0.2, 0.1), (0.2, 1.1)])
def test_an_impossible_gap_is_refused(gap, discordant):
    with pytest.raises(ValueError, match="the gap is above 0"):
        pairs_needed(gap, discordant)


@pytest.mark.parametrize("share", [0.5, 0.98, 1.0])
@pytest.mark.parametrize("n", [SIZES[0], SIZES[-1]])
@pytest.mark.parametrize("gap", [0.01, 0.2])
def test_any_choice_can_be_drawn(share, n, gap):
    fig, alt, text = draw_interval(share, n, gap)
    low, high = wilson(share * n, n)
    assert f"{100 * low:.1f} to {100 * high:.1f} %" in text and f"{n:,} tickets" in alt
    assert fig.axes[0].get_ylabel() == "right (%)"


def test_the_explorer_follows_its_controls(opened):
    explorer, controls = opened(explore_intervals)
    assert "inside" in explorer.text
    controls["Tickets measured"].value = 1_000
    assert "outside" in explorer.text
