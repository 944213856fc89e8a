"""Draw what shipping measures: what merging costs, which approach handles an inbox, how fast batches are, and drift.

_ = show(*draw_inbox_scores({"hybrid": [{"triage": True, "voice": True}, ...], ...}))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course.figures import COLOURS, DIM, INK, figure
from course.hybrid import JOBS
from course.intervals import wilson

APPROACHES = {"prompt only": "prompt", "RAG only": "rag", "adapter only": "tuned", "hybrid": "hybrid"}
WHOLE = "the whole message"
LARGE = 0.1
"""An error of a merge, as a share of the change, that is worth a colour."""
NAMES = {"prices": "price or warranty"}
"""What a job is called in a picture, where it has another name."""


def draw_merges(errors: Mapping[str, float], shifts: Mapping[str, float]) -> tuple[Figure, str]:
    """Draw, for each way to merge, its error as a share of the adapter's change, and what it does to probabilities."""
    worst = max(shifts, key=shifts.__getitem__)
    fig, axes = figure(
        f"{worst[0].upper()}{worst[1:]}: an error of {errors[worst]:.0%} of what the adapter changed",
        size=(9.0, 2.9),
        columns=2,
        grid="x",
    )
    measured = {
        "error of the weights (% of the change, log scale)": {name: 100 * error for name, error in errors.items()},
        "shift of the probabilities (nats per token, log scale)": dict(shifts),
    }
    for ax, (label, values) in zip(axes, measured.items(), strict=True):
        seen = [max(value, 1e-9) for value in values.values()]
        colors = [COLOURS["bad"] if errors[name] > LARGE else COLOURS["tuned"] for name in values]
        for place, value in enumerate(values.values()):
            ax.plot(seen[place], place, "o", color=colors[place], markersize=11)
            ax.text(seen[place] * 2.5, place, f"{value:.2g}", va="center", fontweight="bold")
        ax.set(xscale="log", xlabel=label, xlim=(min(seen) / 5, max(seen) * 60), ylim=(len(values) - 0.5, -0.5))
        ax.set_yticks(range(len(values)), list(values) if ax is axes[0] else [""] * len(values))
    told = "; ".join(f"{name}: error {error:.2%}, shift {shifts[name]:.2g} nats" for name, error in errors.items())
    return fig, f"Bars for each way to merge. {told}."


def draw_merge_sizes(sizes: Sequence[float], errors: Mapping[str, Sequence[float]], own: float) -> tuple[Figure, str]:
    """Draw each merge's error, as a share of the change, over how large the change is beside the weights."""
    fig, ax = figure(
        "The smaller the change, the larger a merge's error beside it",
        "size of the change (% of the weights, log scale)", "error (% of the change, log scale)",
        size=(8.4, 4.3), grid="both",
    )  # fmt: skip
    shown = [100 * size for size in sizes]
    for name, color, up in zip(errors, ("bad", "rag", "prompt", "tuned"), (6, 0, -6, 0), strict=True):
        ax.plot(shown, [100 * error for error in errors[name]], "o-", color=COLOURS[color], markersize=5)
        ax.annotate(
            name, (shown[0], 100 * errors[name][0]), (-8, up), textcoords="offset points", color=COLOURS[color],
            ha="right", va="center", fontweight="bold",
        )  # fmt: skip
    ax.plot([shown[0], shown[-1]], [100, 100], color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    ax.text(shown[-1] * 1.1, 100, "all of it", va="center", fontsize=9.5)
    ax.axvline(100 * own, color=DIM, linewidth=1.2, linestyle=(0, (2, 3)))
    ax.set(xscale="log", yscale="log", xlim=(shown[0] / 11, shown[-1] * 2))
    ax.text(100 * own, ax.get_ylim()[1], "yours ", color=DIM, ha="right", va="top", fontsize=9.5)
    ax.set_xticks(shown, [f"{size:g}" for size in shown])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    told = "; ".join(
        f"{name}: "
        + ", ".join(f"{_digits(100 * error)} % at {size:g} %" for size, error in zip(shown, found, strict=True))
        for name, found in errors.items()
    )
    return fig, f"Lines of a merge's error over the size of the change. {told}. This adapter's size: {own:.1%}."


def draw_inbox_scores(found: Mapping[str, Sequence[Mapping[str, bool]]]) -> tuple[Figure, str]:
    """Draw how many of each job, and of whole messages, every approach did right, with 95 % Wilson intervals."""
    groups = [*JOBS, WHOLE]
    best = max(found, key=lambda name: sum(all(jobs.values()) for jobs in found[name]))
    share = sum(all(jobs.values()) for jobs in found[best]) / len(found[best])
    fig, ax = figure(
        f"One inbox, {len(found[best])} messages: {best} does {share:.0%} of them wholly right",
        ylabel="done right (%)", size=(9.2, 4.2),
    )  # fmt: skip
    told = []
    for place, (name, messages) in enumerate(found.items()):
        for at, group in enumerate(groups):
            hits = [all(m.values()) if group == WHOLE else m[group] for m in messages if group == WHOLE or group in m]
            low, high = (100 * end for end in wilson(sum(hits), len(hits)))
            value, x = 100 * sum(hits) / len(hits), at + 0.2 * (place - (len(found) - 1) / 2)
            color = COLOURS[APPROACHES.get(name, "base")]
            ax.bar(x, value, 0.185, color=color, label=name if at == 0 else None)
            ax.plot([x, x], [low, high], color=INK, linewidth=1.6)
            ax.text(x, high + 1.5, f"{value:.0f}", ha="center", fontsize=9.5, fontweight="bold")
            told.append(f"{group}, {name}: {value:.0f} ({low:.0f} to {high:.0f})")
    counts = [sum(group in m for m in found[best]) for group in JOBS] + [len(found[best])]
    named = [NAMES.get(group, group) for group in groups]
    ax.set_xticks(range(len(groups)), [f"{name}\n({count})" for name, count in zip(named, counts, strict=True)])
    ax.axvline(len(JOBS) - 0.5, color=DIM, linewidth=1, linestyle=(0, (2, 3)))
    ax.set(ylim=(0, 128), yticks=range(0, 101, 25))
    ax.legend(ncols=4, loc="upper left")
    return fig, "Share done right in percent, with intervals. " + "; ".join(told) + "."


def draw_rates(rates: Mapping[str, float]) -> tuple[Figure, str]:
    """Draw how many requests a second each way of serving several adapters answers."""
    best = max(rates, key=rates.__getitem__)
    times = rates[best] / min(rates.values())
    fig, ax = figure(
        f"{best.capitalize()} is {times:.1f} times as fast as the slowest", "requests a second, here",
        size=(7.4, 0.55 * len(rates) + 1.4), grid="x",
    )  # fmt: skip
    ax.barh(range(len(rates)), list(rates.values()), 0.55, color=COLOURS["tuned"])
    for place, rate in enumerate(rates.values()):
        ax.text(rate, place, f" {rate:.1f}", va="center", fontweight="bold")
    ax.set_yticks(range(len(rates)), list(rates))
    ax.set(ylim=(len(rates) - 0.5, -0.5), xlim=(0, 1.15 * rates[best]))
    return fig, "Requests a second. " + "; ".join(f"{name}: {rate:.1f}" for name, rate in rates.items()) + "."


def first_alarm(hits: Sequence[int], n: int, bar: float) -> int | None:
    """Return the first week, from 1, whose whole interval lies below the bar; None when there is none."""
    return next((week for week, count in enumerate(hits, 1) if wilson(count, n)[1] < bar), None)


def draw_drift(hits: Sequence[int], n: int, bar: float, changed: int, what: str) -> tuple[Figure, str]:
    """Draw the weekly scores of a model in service with their intervals, the week of a change, and the alarms."""
    weeks, alarm = range(1, len(hits) + 1), first_alarm(hits, n, bar)
    said = f"the alarm comes in week {alarm}" if alarm else "no alarm yet"
    fig, ax = figure(
        f"{what[0].upper()}{what[1:]} in week {changed}: {said}", "week", "all three fields right (%)", size=(7.8, 3.6)
    )
    for week, count in zip(weeks, hits, strict=True):
        low, high = (100 * end for end in wilson(count, n))
        bad = high < 100 * bar
        ax.plot(
            [week, week],
            [low, high],
            color=COLOURS["bad" if bad else "tuned"],
            linewidth=3.5,
            alpha=0.75,
            solid_capstyle="butt",
        )
        ax.plot(week, 100 * count / n, "X" if bad else "o", color=INK, markersize=8 if bad else 6)
    ax.plot([0.5, len(hits) + 0.5], [100 * bar, 100 * bar], color=COLOURS["base"], linestyle="--", linewidth=1.5)
    ax.text(len(hits) + 0.6, 100 * bar, "the bar", color=COLOURS["base"], va="center", fontweight="bold")
    ax.axvline(changed - 0.5, color=DIM, linewidth=1.2, linestyle=(0, (2, 3)))
    ax.text(changed - 0.42, 3, f"{what} →", color=DIM, fontsize=9.5)
    ax.set(xlim=(0.5, len(hits) + 1.6), xticks=list(weeks), ylim=(0, 103))
    told = ", ".join(f"{100 * count / n:.0f}" for count in hits)
    return fig, f"Weekly scores in percent: {told}. The bar is {bar:.0%}; {what} in week {changed}; {said}."


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
