"""Explore the leash: how far a policy moves from its reference when a reward pulls and a KL penalty holds it.

explore_leash()
best_policy([0.6, 0.3, 0.1], [0.0, 1.0, 2.0], beta=1.0)      # [0.28, 0.38, 0.34], about
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.explorer import Explorer
from course.figures import COLOURS, INK, figure

REPLIES = {  # name: probability under the reference, reward by the reward model
    "plain letter": (0.50, 0.0),
    "a little Juniper": (0.30, 1.0),
    "all Juniper": (0.15, 2.0),
    "terse": (0.0499, -1.0),
    "juniper juniper juniper": (0.0001, 6.0),
}
BETAS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


def best_policy(reference: Sequence[float], rewards: Sequence[float], beta: float) -> list[float]:
    """Return the policy with the highest mean reward − β · KL(policy‖reference): π ∝ reference · exp(reward / β).

    Source: equation 4 of arXiv 2305.18290.
    """
    top = max(rewards)
    weights = [p * math.exp((reward - top) / beta) for p, reward in zip(reference, rewards, strict=True)]
    return [weight / sum(weights) for weight in weights]


def divergence(policy: Sequence[float], reference: Sequence[float]) -> float:
    """Return KL(policy‖reference) in nats."""
    return sum(p * math.log(p / q) for p, q in zip(policy, reference, strict=True) if p > 0)


def draw_leash(beta: float, hack: float) -> tuple[Figure, str, str]:
    """Draw reference and best policy over five replies; `hack` is the reward that the nonsense gets by mistake."""
    reference = [p for p, _ in REPLIES.values()]
    rewards = [*[reward for _, reward in REPLIES.values()][:-1], hack]
    policy = best_policy(reference, rewards, beta)
    leash = divergence(policy, reference)
    mean = sum(p * reward for p, reward in zip(policy, rewards, strict=True))
    nonsense = policy[-1]
    verdict = (
        "the policy cheats" if nonsense > 0.2 else "hardly moves" if leash < 0.05 else "moves to the better replies"
    )
    fig, ax = figure(
        f"β = {beta:g}: {verdict}", xlabel="probability of the reply (%)", size=(7.6, 3.7), grid="x"
    )  # fmt: skip
    for shares, shift, color, label in (
        (reference, -0.2, COLOURS["base"], "reference (after SFT)"),
        (policy, 0.2, COLOURS["tuned"], "best policy on this leash"),
    ):
        ax.barh([row + shift for row in range(5)], [100 * p for p in shares], 0.38, color=color, label=label)
        for row, share in enumerate(shares):
            ax.text(100 * share + 1, row + shift, _percent(share), va="center", color=INK, fontsize=9)
    ax.set_yticks(
        range(5), [f"{name}\nreward {reward:+g}" for name, reward in zip(REPLIES, rewards, strict=True)], fontsize=9
    )
    ax.set(xlim=(0, 112), ylim=(5.3, -0.6), xticks=range(0, 101, 20))
    ax.legend(loc="lower right", ncols=2, fontsize=9)
    told = "; ".join(
        f"{name}: {_percent(old)} to {_percent(new)}" for name, old, new in zip(REPLIES, reference, policy, strict=True)
    )
    text = (
        f"<p>Mean reward <b>{mean:.2f}</b> (reference: {_mean(reference, rewards):.2f}). "
        f"Distance from the reference, KL: <b>{leash:.2f}</b> nats. "
        f"Reward minus β · KL, what training maximizes: <b>{mean - beta * leash:.2f}</b>.</p>"
    )
    return fig, f"β {beta:g}. Probability of each reply under reference and policy. {told}.", text


def _mean(policy: Sequence[float], rewards: Sequence[float]) -> float:
    return sum(p * reward for p, reward in zip(policy, rewards, strict=True))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %" if share >= 1e-4 else "under 0.01 %"


def explore_leash() -> None:
    """Show the leash explorer."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "15rem"}, "continuous_update": False}
    beta = widgets.SelectionSlider(options=BETAS, value=1.0, description="β, how tight the leash is", **wide)
    hack = widgets.FloatSlider(
        value=6, min=0, max=12, step=1, description="Reward of the nonsense, by mistake", readout_format=".0f", **wide
    )
    hint = "Tab moves between the sliders, the arrow keys turn them."
    Explorer("How long a leash?", [beta, hack], [beta, hack], lambda: draw_leash(beta.value, hack.value), hint).show()
