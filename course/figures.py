"""Draw figures that read the same in light and dark themes, to eyes that see few colours and to screen readers.

    fig, ax = figure("Fine-tuning fixes the format", ylabel="valid JSON (%)")
    ax.bar(["base", "tuned"], [18, 99], color=[COLOURS["base"], COLOURS["tuned"]])
    show(fig, alt="Bars: the base model gives valid JSON for 18 % of tickets, the tuned one for 99 %.")

Figures carry their own opaque off-white panel. A transparent figure would need ink that suits both black and white
paper, and mid-grey suits neither; and a saved notebook may be read in the other theme.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from cycler import cycler
from IPython.display import HTML, DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PAPER, INK, DIM, GRID = "#fbfaf7", "#24292f", "#59636e", "#dcdad3"

# Okabe and Ito's palette (2008), darkened where needed so that text in it has a contrast of 4.5 on the paper.
COLOURS = {
    "base": "#6a737d",
    "prompt": "#a35f00",
    "rag": "#0069a8",
    "tuned": "#00765a",
    "hybrid": "#a3478a",
    "bad": "#b53d00",
}

STYLE = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "text.color": INK,
    "axes.edgecolor": DIM,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 12.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=[COLOURS[name] for name in ("rag", "prompt", "tuned", "hybrid", "bad", "base")]),
    "xtick.color": DIM,
    "ytick.color": DIM,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.2,
    "font.size": 10.5,
    "legend.frameon": False,
}


def use_style() -> None:
    """Set the course's style for every figure of this kernel; `figure` does so by itself."""
    mpl.rcParams.update(STYLE)


def figure(
    title: str,
    xlabel: str = "",
    ylabel: str = "",
    size: tuple[float, float] = (7.2, 4.0),
    columns: int = 1,
    grid: str = "y",
) -> tuple[Figure, Any]:
    """Return a figure and its axes (an array of them for `columns` > 1); the title states the one message.

    Labels carry units: `ylabel="valid JSON (%)"`. `grid` is "x", "y", "both" or "". The figure is not pyplot's, so it
    is neither shown twice nor kept in memory.
    """
    use_style()
    fig = Figure(figsize=size, layout="constrained")
    fig.get_layout_engine().set(w_pad=0.14, h_pad=0.12)
    axes = fig.subplots(1, columns)
    for ax in [axes] if columns == 1 else axes:
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if grid:
            ax.grid(axis=grid)
        ax.tick_params(length=0)
    if columns == 1:
        axes.set_title(title)
    else:
        fig.suptitle(title, x=0.02, ha="left", fontsize=12.5, fontweight="bold")
    return fig, axes


def label_line(ax: Axes, x: Sequence[float], y: Sequence[float], text: str, color: str, dy: float = 0) -> None:
    """Write a line's name at its right end, in its colour, in place of a legend; `dy` moves it, in points."""
    ax.annotate(
        text, (x[-1], y[-1]), (6, dy), textcoords="offset points", color=color, va="center", fontweight="bold",
        annotation_clip=False,
    )  # fmt: skip


def label_bars(ax: Axes, bars: Any, form: str = "{:.0f}") -> None:
    """Write each bar's value at its end."""
    labels = [form.format(value) for value in bars.datavalues]
    ax.bar_label(bars, labels=labels, padding=3, color=INK, fontweight="bold")


def picture(fig: Figure, alt: str) -> HTML:
    """Return the figure as an `<img>` that carries its description."""
    if not alt.strip():
        raise ValueError("describe the figure for those who cannot see it: alt='Bars: the base model ...'")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=160)
    data = base64.b64encode(buffer.getvalue()).decode()
    width = round(fig.get_size_inches()[0] * 96)
    image = (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        f'style="width:{width}px;max-width:100%;height:auto;border-radius:6px">'
    )
    return HTML(image)


def show(fig: Figure, alt: str, handle: DisplayHandle | None = None) -> DisplayHandle:
    """Show the figure with its description, or redraw it in place of an earlier one.

    live = show(fig, alt="The loss falls.")
    live = show(fig, alt="The loss falls further.", handle=live)
    """
    page = picture(fig, alt)
    if handle is None:
        bundle = {"text/html": page.data, "text/plain": alt}
        return display(bundle, raw=True, display_id=True)
    handle.update({"text/html": page.data, "text/plain": alt}, raw=True)
    return handle
