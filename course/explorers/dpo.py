"""Explore DPO's loss: what it sees of a pair, what it does not see, and what β does.

explore_dpo()
pair(chosen=-2.0, rejected=-6.0, beta=0.3).loss     # both replies became less likely, and yet the loss fell
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from course.explorer import Explorer
from course.figures import COLOURS, DIM, INK, figure

BETAS = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)


@dataclass(frozen=True)
class Pair:
    """What DPO makes of one pair."""

    margin: float
    """β · (chosen − rejected), both as log-probability under the policy minus under the reference."""
    loss: float
    """−log σ(margin), in nats."""
    push: float
    """σ(−margin): how hard this pair still pushes, from 1 (not learned at all) to 0 (done)."""


def pair(chosen: float, rejected: float, beta: float) -> Pair:
    """Compute DPO's view of a pair from how much likelier each reply became, in nats (arXiv 2305.18290, equation 7)."""
    margin = beta * (chosen - rejected)
    return Pair(margin, float(np.logaddexp(0, -margin)), float(np.exp(-np.logaddexp(0, margin))))


def draw_dpo(chosen: float, rejected: float, beta: float) -> tuple[Figure, str, str]:
    """Draw how the two replies moved, and where that puts the pair on the loss curve."""
    found = pair(chosen, rejected, beta)
    fig, (moves, curve) = figure(
        f"Margin {found.margin:+.2f}: loss {found.loss:.3f}", columns=2, size=(8.2, 3.3), grid=""
    )  # fmt: skip
    bars = moves.bar(
        ["chosen", "rejected"], [chosen, rejected], 0.5, color=[COLOURS["tuned"], COLOURS["bad"]]
    )  # fmt: skip
    moves.bar_label(bars, [f"{chosen:+g}", f"{rejected:+g}"], padding=3, color=INK, fontweight="bold")
    moves.axhline(0, color=DIM, linewidth=1)
    tall = max(4, 1.3 * abs(chosen), 1.3 * abs(rejected))
    moves.set(ylim=(-tall, tall), ylabel="change of log-probability (nats)", xlim=(-0.6, 1.6))
    moves.set_title("since the reference", fontsize=10, fontweight="normal", color=DIM)
    margins = np.linspace(-6, 6, 200)
    curve.plot(margins, np.logaddexp(0, -margins), color=COLOURS["rag"])
    at = min(max(found.margin, -6), 6)
    curve.plot([at], [np.logaddexp(0, -at)], "o", color=COLOURS["hybrid"], markersize=10)
    curve.axhline(math.log(2), color=DIM, linewidth=1, linestyle=":")
    curve.text(6, math.log(2) + 0.12, "ln 2: the start", color=DIM, ha="right", fontsize=9)
    beyond = " (this pair lies outside)" if at != found.margin else ""
    curve.set(xlabel=f"margin: β × (chosen − rejected){beyond}", ylabel="loss of this pair (nats)", ylim=(0, 6.3))
    curve.grid(axis="y")
    alt = (
        f"The chosen reply's log-probability changed by {chosen:+g} nats, the rejected one's by {rejected:+g}. With β "
        f"{beta:g} the margin is {found.margin:+.2f} and the loss {found.loss:.3f}; it starts at 0.693."
    )
    text = (
        f"<p>Implicit rewards: chosen <b>{beta * chosen:+.2f}</b>, rejected <b>{beta * rejected:+.2f}</b>. "
        f"The policy prefers the chosen one with probability <b>{1 - found.push:.1%}</b>; the pair still pushes with "
        f"<b>{found.push:.1%}</b> of full strength. Full strength is β, so each nat is worth "
        f"<b>{beta * found.push:.4f}</b>.{_advice(chosen, rejected)}</p>"
    )
    return fig, alt, text


def _advice(chosen: float, rejected: float) -> str:
    if rejected < chosen < 0:
        return " Look: <b>both</b> replies became less likely, and the loss fell all the same."
    if chosen > 0 and rejected >= chosen:
        return " The chosen reply became likelier, but the other one kept up: the loss did not fall."
    return ""


def explore_dpo() -> None:
    """Show the DPO explorer."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "14rem"}, "continuous_update": False}
    chosen, rejected = (
        widgets.IntSlider(value=moved, min=-30, max=30, description=f"{name} reply moved by (nats)", **wide)
        for name, moved in (("Chosen", 2), ("Rejected", -3))
    )
    beta = widgets.SelectionSlider(options=BETAS, value=0.1, description="β", **wide)
    controls = [chosen, rejected, beta]
    hint = "Tab moves between the sliders, the arrow keys turn them."
    Explorer(
        "What does DPO see?", controls, controls, lambda: draw_dpo(chosen.value, rejected.value, beta.value), hint
    ).show()
