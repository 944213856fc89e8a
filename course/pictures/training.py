"""Draw what happens inside training: what one step touches, and how small batches add up to one step.

    show(*draw_step())
    show(*draw_batches(batch=4, accumulation=4))

Each function returns a figure and its description.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures import COLOURS, DIM, GRID, INK, PAPER, figure


def draw_step() -> tuple[Figure, str]:
    """Draw one training step: forward through the frozen base and the adapter, backward into the adapter alone."""
    fig, ax = figure("One training step moves the adapter, and nothing else", size=(7.6, 2.3), grid="")
    _empty(ax, (-0.2, 10.2), (-0.3, 2.2))
    _box(ax, 0.8, 1.5, "a ticket and\nits JSON", INK)
    _box(ax, 4.1, 1.5, "base model, 4 bits, frozen", COLOURS["base"])
    _box(ax, 4.1, 0.3, "adapter, 32 bits", COLOURS["tuned"], filled=True)
    _box(ax, 8.6, 1.5, "loss: how surprising\nwas the JSON?", COLOURS["bad"])
    _arrow(ax, (1.6, 1.5), (2.5, 1.5), INK)
    _arrow(ax, (5.75, 1.5), (7.3, 1.5), INK, "forward")
    _arrow(ax, (8.6, 1.0), (5.3, 0.3), COLOURS["bad"])
    ax.text(7.2, 0.3, "backward: gradients", color=COLOURS["bad"], fontsize=9)
    _arrow(ax, (4.1, 0.65), (4.1, 1.15), COLOURS["tuned"])
    _box(ax, 0.8, 0.3, "optimizer:\nAdamW", COLOURS["rag"])
    _arrow(ax, (1.6, 0.3), (3.0, 0.3), COLOURS["rag"], "moves it")
    alt = (
        "A ticket and its JSON go forward through the frozen 4-bit base with the adapter, to a loss. The gradients go "
        "back into the adapter only, and the optimizer moves the adapter."
    )
    return fig, alt


def draw_batches(batch: int = 4, accumulation: int = 4) -> tuple[Figure, str]:
    """Draw one optimizer step as rows of tickets: one row is in memory at a time, all rows make one update."""
    title = f"One optimizer step: {accumulation} batches of {batch} tickets, one at a time"
    fig, ax = figure(title, size=(7.6, 0.5 * accumulation + 0.9), grid="")
    _empty(ax, (-0.5, batch + 5.2), (accumulation - 0.4, -0.6))
    for row in range(accumulation):
        for column in range(batch):
            style = {"boxstyle": "round,pad=0.4", "facecolor": GRID, "edgecolor": DIM}
            number = row * batch + column + 1
            ax.text(column, row, f"ticket {number:>2}", fontsize=8, ha="center", va="center", bbox=style)
        words = "forward, backward" + (": gradient" if row == 0 else ": + gradient")
        _arrow(ax, (batch - 0.5, row), (batch - 0.1, row), INK)
        ax.text(batch, row, words, va="center", color=INK, fontsize=10)
    edge = batch + 3.1
    ax.plot([edge, edge + 0.1, edge + 0.1, edge], [0, 0, accumulation - 1, accumulation - 1], color=COLOURS["tuned"])
    ax.text(
        edge + 0.25, (accumulation - 1) / 2, "one update\nof the adapter", va="center", color=COLOURS["tuned"],
        fontweight="bold", fontsize=10,
    )  # fmt: skip
    alt = (
        f"{accumulation} rows of {batch} tickets. Each row goes forward and backward and gives a gradient. "
        "The gradients are added up; then the adapter moves once."
    )
    return fig, alt


def _empty(ax: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    ax.set(xlim=x, ylim=y, xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _box(ax: Axes, x: float, y: float, text: str, color: str, filled: bool = False) -> None:
    style = {"boxstyle": "round,pad=0.5", "facecolor": color if filled else PAPER, "edgecolor": color, "linewidth": 1.6}
    ink = PAPER if filled else color
    ax.text(x, y, text, ha="center", va="center", fontsize=10, color=ink, fontweight="bold", bbox=style, zorder=3)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, text: str = "") -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.8})
    if text:
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        ax.annotate(text, middle, (0, 9), textcoords="offset points", ha="center", color=color, fontsize=9)
