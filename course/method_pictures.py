"""Draw the methods of lesson 2: which tokens a loss counts, and which models a method keeps in memory.

    show(*draw_surprises(tokens, surprises, prompt_length=12))
    show(*draw_models())

Each function returns a figure and its description.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures import COLOURS, DIM, INK, PAPER, figure

METHODS = {  # method: models in memory, each with whether it is trained
    "SFT": (("policy", True),),
    "DPO": (("policy", True), ("reference", False)),
    "GRPO": (("policy", True), ("reference", False), ("verifier", None)),
    "RLHF\nwith PPO": (("policy", True), ("reference", False), ("reward model", False), ("value model", True)),
}


def draw_surprises(tokens: Sequence[str], surprises: Sequence[float], prompt_length: int) -> tuple[Figure, str]:
    """Draw −log p of every token but the first; those of the prompt are masked and drawn pale.

    `surprises` has one value fewer than `tokens`: the first token has nothing before it to be predicted from.
    """
    counted = surprises[prompt_length - 1 :]
    mean, whole = sum(counted) / len(counted), sum(surprises) / len(surprises)
    fig, ax = figure(
        f"SFT's loss is the mean of the green bars: {mean:.2f} nats (of all bars: {whole:.2f})",
        ylabel="surprise, −log p (nats)", size=(9.4, 3.5),
    )  # fmt: skip
    places = range(1, len(tokens))
    colors = [COLOURS["base"] if place < prompt_length else COLOURS["tuned"] for place in places]
    for place, surprise, color in zip(places, surprises, colors, strict=True):
        ax.bar(place, surprise, 0.8, color=color, alpha=0.35 if place < prompt_length else 1)
    ax.axvline(prompt_length - 0.5, color=DIM, linewidth=1, linestyle=":")
    top = max(surprises) * 1.12
    ax.text(prompt_length - 0.8, top, "prompt: label −100", color=COLOURS["base"], ha="right", fontweight="bold")
    ax.text(prompt_length - 0.2, top, "reply: counted", color=COLOURS["tuned"], fontweight="bold")
    ax.set(ylim=(0, top * 1.1), xlim=(-0.6, len(tokens) - 0.4))
    ax.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=8, family="monospace")
    alt = (
        f"Bars: the surprise at each of {len(tokens) - 1} tokens. Those of the prompt are pale and not counted; the "
        f"mean over the reply is {mean:.2f} nats, over everything {whole:.2f}."
    )
    return fig, alt


def draw_models() -> tuple[Figure, str]:
    """Draw the models that each method keeps in memory while it trains, and which of them it trains."""
    fig, ax = figure("What has to be in memory while you train", size=(8.4, 3.1), grid="")
    ax.set(xlim=(-0.9, 8.6), ylim=(3.6, -0.7), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    told = []
    for row, (method, models) in enumerate(METHODS.items()):
        ax.text(-0.8, row, method, va="center", color=INK, fontweight="bold")
        for column, (name, trained) in enumerate(models):
            _box(ax, 1.3 + 1.95 * column, row, name, trained)
        told.append(f"{method}: {', '.join(name for name, _ in models)}".replace("\n", " "))
    alt = "; ".join(told) + ". Policy and value model are trained; reference and reward model are frozen."
    return fig, alt


def _box(ax: Axes, x: float, y: float, text: str, trained: bool | None) -> None:
    color = {True: COLOURS["tuned"], False: COLOURS["base"], None: COLOURS["prompt"]}[trained]
    note = {True: "trained", False: "frozen", None: "a program"}[trained]
    style = {"boxstyle": "round,pad=0.45", "edgecolor": color, "facecolor": color if trained else PAPER, "lw": 1.6}
    ink = PAPER if trained else color
    ax.text(
        x, y, f"{text}\n{note}", ha="center", va="center", fontsize=9, color=ink, fontweight="bold", bbox=style
    )  # fmt: skip
