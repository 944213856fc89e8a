"""Draw what an evaluation finds: scores of repeated draws, where two models agree, and intervals beside their bars.

_ = show(*draw_agreement(base_hits, tuned_hits, ("base", "adapter")))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course.figures import COLOURS, GRID, INK, figure
from course.intervals import wilson

Interval = Mapping[str, float]
NEAR = 8
"""Points on either side of 0 that the close-up of a report shows."""


def draw_draws(counts: Sequence[int], n: int) -> tuple[Figure, str]:
    """Draw the scores of one model on several draws of n tickets, each with its 95 % Wilson interval."""
    shares = [100 * count / n for count in counts]
    fig, ax = figure(
        f"One model, {len(counts)} draws of {n} tickets: {min(shares):.0f} to {max(shares):.0f} %",
        xlabel="draw", ylabel="right (%)", size=(7.2, 3.4),
    )  # fmt: skip
    for place, count in enumerate(counts, 1):
        low, high = (100 * end for end in wilson(count, n))
        ax.plot([place, place], [low, high], color=COLOURS["tuned"], alpha=0.55, linewidth=3)
        ax.plot(place, 100 * count / n, "o", color=INK, markersize=6)
    mean = sum(shares) / len(shares)
    ax.plot([0.5, len(counts) + 0.5], [mean, mean], color=COLOURS["base"], linestyle="--", linewidth=1.4)
    ax.text(len(counts) + 0.7, mean, "all draws", color=COLOURS["base"], va="center", fontweight="bold")
    ax.set(xlim=(0.3, len(counts) + 2.2), xticks=range(1, len(counts) + 1), ylim=(None, 101))
    told = ", ".join(f"{share:.0f}" for share in shares)
    return fig, f"Scores of the same model on {len(counts)} draws of {n} tickets, in percent: {told}. Bars: intervals."


def draw_agreement(a: Sequence[int], b: Sequence[int], names: tuple[str, str]) -> tuple[Figure, str]:
    """Draw one square a ticket, by who got it right: both, neither, or exactly one of the two models."""
    kinds = ["both right", f"only the {names[0]}", f"only the {names[1]}", "neither"]
    codes = sorted({(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[pair] for pair in zip(a, b, strict=True))
    counts = [codes.count(kind) for kind in range(4)]
    width = 40
    codes += [4] * (-len(codes) % width)
    rows = [codes[start : start + width] for start in range(0, len(codes), width)]
    colors = [GRID, COLOURS["prompt"], COLOURS["tuned"], INK, "#fbfaf7"]
    fig, ax = figure(
        f"Only {counts[1] + counts[2]} of {len(a)} tickets tell the two apart",
        size=(7.6, 0.19 * len(rows) + 1.1),
        grid="",
    )
    ax.pcolormesh(rows, cmap=ListedColormap(colors), vmin=-0.5, vmax=4.5, edgecolor="#fbfaf7", linewidth=1.5)
    signs = {1: "−", 2: "+", 3: "×"}  # so that no one needs the colours
    for row, line in enumerate(rows):
        for column, code in enumerate(line):
            if code in signs:
                ax.text(
                    column + 0.5, row + 0.45, signs[code], color="#ffffff", ha="center", va="center", fontsize=8,
                    fontweight="bold",
                )  # fmt: skip
    ax.invert_yaxis()
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    marks = ["", "− ", "+ ", "× "]
    labels = [f"{marks[kind]}{kinds[kind]}: {counts[kind]}" for kind in range(4)]
    handles = [Patch(facecolor=colors[kind], label=labels[kind]) for kind in range(4)]
    fig.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9.5)
    return fig, "One square for each ticket. " + "; ".join(label.strip("−+× ") for label in labels) + "."


def draw_report(
    reports: Mapping[str, Mapping[str, Interval]], colors: Mapping[str, str], title: str
) -> tuple[Figure, str]:
    """Draw each metric's interval of tuned − base, in points, for one or more models: all of it, and what is near 0."""
    metrics = list(next(iter(reports.values())))
    fig, axes = figure(title, xlabel="tuned − base, tolerance added (points)", size=(8.6, 3.7), columns=2, grid="x")
    told = []
    for place, (name, report) in enumerate(reports.items()):
        for row, metric in enumerate(metrics):
            low, high = 100 * report[metric]["low"], 100 * report[metric]["high"]
            at = row + 0.28 * (place - (len(reports) - 1) / 2)
            for ax in axes:
                ax.plot([low, high], [at, at], color=colors[name], linewidth=6, solid_capstyle="butt")
                ax.plot([(low + high) / 2], [at], "|", color=INK, markersize=11)
            axes[0].annotate(
                name, (low, at), (-4, 0), textcoords="offset points", color=colors[name], ha="right", va="center",
                fontsize=9, fontweight="bold",
            )  # fmt: skip
            told.append(f"{metric}, {name}: {low:+.1f} to {high:+.1f}")
    for ax in axes:
        ax.axvline(0, color=INK, linewidth=1.4)
        ax.set_ylim(len(metrics) - 0.5, -0.6)
    ends = [100 * row[end] for report in reports.values() for row in report.values() for end in ("low", "high")]
    left, right = min(*ends, -NEAR), max(*ends, NEAR)
    axes[0].set(xlim=(left - 0.3 * (right - left), right + 4))
    axes[0].set_xticks([tick for tick in axes[0].get_xticks() if left - 5 <= tick <= right + 4])
    axes[1].set_xlim(-NEAR, NEAR)
    axes[0].set_yticks(range(len(metrics)), metrics)
    axes[1].set_yticks(range(len(metrics)), [""] * len(metrics))
    axes[0].set_title("all of it", fontsize=10.5, fontweight="normal")
    axes[1].set_title(f"the same, within {NEAR} points of 0", fontsize=10.5, fontweight="normal")
    return fig, "Intervals of tuned minus base, in points. " + "; ".join(told) + "."
