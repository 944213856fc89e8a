"""Draw what bad data does in lesson 3: wrong labels by temperature, copies by similarity, and four faults side by side.

    show(*draw_intents({"right labels": (100, 98), ...}))
    show(*draw_similarities(apart, near, threshold=0.8))
    show(*draw_faults([("copies", "all fields right (%)", ("validation", "fresh"), (96, 84)), ...]))

Each function returns a figure and its description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course.figures import COLOURS, figure, label_bars


def draw_intents(intents: Mapping[str, Sequence[float]]) -> tuple[Figure, str]:
    """Draw for each run how many intents are right (%), with the likeliest token and drawn."""
    likeliest, drawn = zip(*intents.values(), strict=True)
    fig, ax = figure(
        "Errors at random wash out, if you ask for the likeliest answer", ylabel="intents right (%)", size=(7.6, 3.7)
    )  # fmt: skip
    for shift, values, color, name in (
        (-0.2, likeliest, "rag", "likeliest token (temperature 0)"), (0.2, drawn, "prompt", "drawn (temperature 1)"),
    ):  # fmt: skip
        places = [place + shift for place in range(len(values))]
        label_bars(ax, ax.bar(places, values, 0.38, color=COLOURS[color], label=name))
    ax.set_xticks(range(len(intents)), list(intents))
    ax.set_ylim(0, 128)
    ax.set_yticks(range(0, 101, 25))
    ax.legend(ncols=2, loc="upper left")
    table = "; ".join(f"{name}: {first:.0f} % and {second:.0f} %" for name, (first, second) in intents.items())
    return fig, f"Intents right of 200 fresh tickets, likeliest token and drawn. {table}."


def draw_similarities(apart: Sequence[float], near: Sequence[float], threshold: float) -> tuple[Figure, str]:
    """Draw how alike each ticket is to its closest earlier one, among different tickets and among copies."""
    edges = [number / 20 for number in range(21)]
    fig, ax = figure(
        f"A threshold of {threshold:g} parts the copies from the different tickets",
        "similarity with the closest earlier ticket", "tickets", size=(7.6, 3.5),
    )  # fmt: skip
    ax.hist(apart, edges, color=COLOURS["tuned"], alpha=0.9)
    ax.hist(near, edges, color=COLOURS["bad"], alpha=0.75)
    ax.axvline(threshold, color=COLOURS["base"], linestyle="--", linewidth=1.6)
    top = ax.get_ylim()[1]
    ax.text(0.02, top * 0.9, "different tickets", color=COLOURS["tuned"], fontweight="bold")
    ax.text(threshold - 0.02, top * 0.9, "rows of the export", color=COLOURS["bad"], fontweight="bold", ha="right")
    ax.set_xlim(0, 1)
    alt = (
        f"Histogram of similarities. Different tickets: at most {max(apart):.2f}. Rows of the export: "
        f"{sum(value >= threshold for value in near)} of {len(near)} are at {threshold:g} or more."
    )
    return fig, alt


def draw_faults(panels: Sequence[tuple[str, str, Sequence[str], Sequence[float]]]) -> tuple[Figure, str]:
    """Draw four faults side by side: each a title, an axis label in %, two names and their two values."""
    fig, axes = figure("Four faults in the data, four different things broken", columns=4, size=(10.2, 3.5))
    for ax, (title, unit, names, values) in zip(axes, panels, strict=True):
        label_bars(ax, ax.bar(names, values, 0.62, color=[COLOURS["tuned"], COLOURS["bad"]]))
        ax.set_title(title, fontsize=10.5)
        ax.set(ylabel=unit, ylim=(0, 115))
    table = "; ".join(
        f"{title}, {unit}: {names[0]} {values[0]:.0f}, {names[1]} {values[1]:.0f}"
        for title, unit, names, values in panels
    )
    return fig, f"Four pairs of bars. {table}."
