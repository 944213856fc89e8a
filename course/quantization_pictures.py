"""Draw quantization: numbers that move to the nearest of a few, and what QLoRA keeps in which precision.

    show(*draw_snap([0.2, -1.0, 0.6, 0.05], [-1.0, 0.0, 0.5, 1.0]))
    show(*draw_flow())

Each function returns a figure and its description.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from course.figures import COLOURS, DIM, INK, PAPER, figure


def draw_snap(values: Sequence[float], codebook: Sequence[float]) -> tuple[Figure, str]:
    """Draw values between -1 and 1 above a number line, each with an arrow to the nearest value of the codebook."""
    title = f"Each of {len(values)} numbers moves to the nearest of {len(codebook)}"
    fig, ax = figure(title, "weight / scale", size=(7.4, 2.3), grid="")
    for value in values:
        nearest = min(codebook, key=lambda entry: abs(entry - value))
        ax.annotate(
            "", (nearest, 0.08), (value, 0.92), arrowprops={"arrowstyle": "-|>", "color": DIM, "linewidth": 1.4}
        )
        ax.plot([value], [1], "o", color=COLOURS["rag"], markersize=8)
        ax.text(value, 1.22, f"{value:g}", ha="center", color=COLOURS["rag"], fontweight="bold", fontsize=10)
    for code, entry in enumerate(codebook):
        ax.plot([entry], [0], "s", color=COLOURS["tuned"], markersize=11)
        ax.text(entry, -0.42, f"code {code}: {entry:g}", ha="center", color=COLOURS["tuned"], fontsize=10)
    ax.axhline(0, color=DIM, linewidth=0.8, zorder=0)
    ax.set(xlim=(-1.2, 1.2), ylim=(-0.65, 1.55), yticks=[])
    ax.spines["left"].set_visible(False)
    moved = ", ".join(f"{value:g} to {min(codebook, key=lambda entry: abs(entry - value)):g}" for value in values)
    return fig, f"Numbers above a line move to the nearest value of the codebook: {moved}."


def draw_flow() -> tuple[Figure, str]:
    """Draw a QLoRA layer: 4-bit storage, unpacked for a moment to 16 bits, beside an adapter that gradients move."""
    fig, ax = figure("Stored in 4 bits, computed in 16, learned beside", size=(7.8, 2.7), grid="")
    ax.set(xlim=(-0.2, 10.2), ylim=(-0.5, 2.3), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    _box(ax, 0.5, 1.0, "input x\n16 bits", INK)
    _box(ax, 2.9, 1.85, "codes, 4 bits\n+ scales: frozen", COLOURS["base"])
    _box(ax, 6.0, 1.85, "weight, 16 bits\nfor this moment", COLOURS["base"])
    _box(ax, 4.4, 0.1, "adapter A, B: 16 or 32 bits", COLOURS["tuned"], filled=True)
    _box(ax, 8.9, 1.0, "sum:\noutput", INK)
    _arrow(ax, (4.15, 1.85), (4.95, 1.85), COLOURS["base"])
    ax.text(4.5, 2.1, "unpack", color=COLOURS["base"], fontsize=9, ha="center")
    _arrow(ax, (1.2, 1.2), (4.9, 1.55), INK)
    _arrow(ax, (1.2, 0.8), (2.6, 0.3), INK)
    _arrow(ax, (7.1, 1.6), (8.2, 1.2), INK)
    _arrow(ax, (6.2, 0.3), (8.2, 0.85), INK)
    _arrow(ax, (8.6, 0.5), (6.25, -0.05), COLOURS["bad"])
    ax.text(7.6, -0.25, "gradients move A and B;\nthe codes stay", color=COLOURS["bad"], fontsize=9, va="center")
    alt = (
        "The input goes two ways: through the frozen weight, which is stored in 4 bits and unpacked to 16, "
        "and through the adapter. Both results are added. Gradients move the adapter only."
    )
    return fig, alt


def _box(ax, x: float, y: float, text: str, color: str, filled: bool = False) -> None:
    style = {"boxstyle": "round,pad=0.45", "facecolor": color if filled else PAPER, "edgecolor": color}
    ink = PAPER if filled else color
    ax.text(x, y, text, ha="center", va="center", fontsize=9.5, color=ink, fontweight="bold", bbox=style, zorder=3)


def _arrow(ax, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.6})
