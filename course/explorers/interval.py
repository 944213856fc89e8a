"""Explore how sure a score is: its interval, and how many tickets it takes to tell two adapters apart.

explore_intervals()
pairs_needed(gap=0.02, discordant=0.06)        # 1175: tickets that both models must answer
"""

from __future__ import annotations

import math

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.explorer import Explorer
from course.figures import COLOURS, INK, figure
from course.intervals import Z, wilson

POWER_Z = 0.841621
"""Quantile of the normal distribution for 80 % power."""
SIZES = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def pairs_needed(gap: float, discordant: float) -> int:
    """Count the tickets at which McNemar's test finds a gap, at the 5 % level with 80 % power.

    `gap` is the difference of the two shares and `discordant` the share of tickets that exactly one model gets right,
    at least as large. Source: Connor 1987, Biometrics 43:207-211, equation for the sample size.
    """
    if not 0 < gap <= discordant <= 1:
        raise ValueError("the gap is above 0 and at most the discordant share: each ticket of the gap is discordant")
    root = Z * math.sqrt(discordant) + POWER_Z * math.sqrt(discordant - gap * gap)
    return math.ceil((root / gap) ** 2)


def draw_interval(share: float, n: int, gap: float) -> tuple[Figure, str, str]:
    """Draw the interval of a share over the number of tickets; return figure, description and sentence."""
    low, high = (100 * end for end in wilson(share * n, n))
    fig, ax = figure(
        f"{100 * share:.0f} % of {n:,} tickets: {low:.1f} to {high:.1f} %",
        xlabel="tickets measured (log scale)", ylabel="right (%)", size=(7.2, 3.7),
    )  # fmt: skip
    ends = [wilson(share * size, size) for size in SIZES]
    ax.fill_between(SIZES, [100 * e[0] for e in ends], [100 * e[1] for e in ends], color=COLOURS["rag"], alpha=0.18)
    ax.axhline(100 * share, color=COLOURS["rag"])
    ax.text(SIZES[0], 100 * share, " measured", color=COLOURS["rag"], va="bottom", fontweight="bold")
    rival = min(share + gap, 1.0)
    ax.axhline(100 * rival, color=COLOURS["tuned"], linestyle="--", linewidth=1.6)
    ax.text(SIZES[-1], 100 * rival, "a rival ", color=COLOURS["tuned"], va="bottom", ha="right", fontweight="bold")
    ax.plot([n, n], [low, high], color=INK, linewidth=2.4, marker="_", markersize=14)
    ax.set(xscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=(max(0.0, 100 * wilson(share * 10, 10)[0] - 5), 103))
    ax.set_xticks([10, 100, 1_000, 10_000], ["10", "100", "1,000", "10,000"])
    ax.minorticks_off()
    few, many = (pairs_needed(gap, min(1.0, factor * gap)) for factor in (1.5, 5))
    inside = low < 100 * rival < high
    text = (
        f"<p>95 % interval: <b>{low:.1f} to {high:.1f} %</b>, {high - low:.1f} points wide. A rival that is "
        f"{100 * gap:g} points better lies <b>{'inside' if inside else 'outside'}</b> it. To find such a gap on the "
        f"same tickets (McNemar, 80 % power) takes about <b>{few:,}</b> tickets if the two nearly always agree, and "
        f"about <b>{many:,}</b> if they disagree on five times as many as the gap.</p>"
    )
    alt = (
        f"The 95 % interval narrows as tickets are added. At {n:,} tickets and {100 * share:.0f} % right it reaches "
        f"from {low:.1f} to {high:.1f} %; a rival at {100 * rival:.1f} % is {'inside' if inside else 'outside'}."
    )
    return fig, alt, text


def explore_intervals() -> None:
    """Show the interval explorer."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "15rem"}, "continuous_update": False}
    share = widgets.IntSlider(value=70, min=50, max=100, step=1, description="Measured share right (%)", **wide)
    n = widgets.SelectionSlider(options=SIZES, value=100, description="Tickets measured", **wide)
    gap = widgets.SelectionSlider(
        options=(1, 2, 3, 5, 10, 20), value=5, description="The rival is better by (points)", **wide
    )
    Explorer(
        "How sure is a score?", [share, n, gap], [share, n, gap],
        lambda: draw_interval(share.value / 100, n.value, gap.value / 100),
        "Tab moves between the sliders, the arrow keys turn them.",
    ).show()  # fmt: skip
