"""Draw measured rows side by side: how often each way was right, and beside it what a call cost.

show_scoreboard("Only training fixes the format", {
    "Triage": [Row("ticket alone", 7, "30 tokens · 12 ms", "base", valid=12), ...],
    "Prices": [Row("from memory", 0, "16 tokens · 5 ms", "base"), ...],
})
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course.figures import COLOURS, DIM, INK, figure, show


@dataclass(frozen=True)
class Row:
    """One way of doing a job: the percentage it got right, and a note of what a call cost."""

    name: str
    right: float
    note: str
    color: str
    """A key of `course.figures.COLOURS`."""
    valid: float | None = None
    """The percentage that was well-formed at all, drawn behind in a paler tone."""


def show_scoreboard(title: str, groups: Mapping[str, Sequence[Row]], width: float = 9.4) -> None:
    """Show each group of rows as a panel of horizontal bars, all from 0 to 100 %."""
    most = max(len(rows) for rows in groups.values())
    fig, axes = figure(title, xlabel="answers (%)", size=(width, 0.78 * most + 1.5), columns=len(groups), grid="")
    told = []
    for ax, (name, rows) in zip([axes] if len(groups) == 1 else axes, groups.items(), strict=True):
        ax.set_title(name, fontsize=11)
        ax.set(xlim=(0, 100), ylim=(most - 0.4, -0.6), yticks=range(len(rows)), xticks=range(0, 101, 25))
        ax.set_yticklabels([row.name for row in rows])
        for place, row in enumerate(rows):
            _draw_row(ax, place, row)
            valid = "" if row.valid is None else f"{percent(row.valid)} valid, "
            told.append(f"{name}, {row.name}: {valid}{percent(row.right)} right, {row.note}".replace("\n", " "))
    show(fig, alt=f"{title}. " + "; ".join(told) + ".")


def percent(value: float) -> str:
    """Write a percentage without decimals; only none is 0 %, and only all is 100 %."""
    least, most = 1 if value > 0 else 0, 99 if value < 100 else 100
    return f"{min(max(round(value), least), most)} %"


def _draw_row(ax, place: int, row: Row) -> None:
    color = COLOURS[row.color]
    if row.valid is not None:
        ax.barh(place, row.valid, 0.42, color=color, alpha=0.28)
    ax.barh(place, row.right, 0.42, color=color)
    words = f"{percent(row.right)} right" + ("" if row.valid is None else f" · {percent(row.valid)} valid")
    ax.text(1, place - 0.33, words, color=INK, fontsize=9.5, fontweight="bold", va="center")
    ax.text(99, place + 0.3, row.note, color=DIM, fontsize=8.5, va="center", ha="right")
