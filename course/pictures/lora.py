"""Draw what lesson 4 measures of LoRA: patterns kept, file sizes, starts, learning rates, skill against forgetting.

    show(*draw_kept(right, held, whole=95))
    show(*draw_rates(runs, {"all weights": "base", "LoRA rank 8": "tuned"}))

Each function returns a figure and its description. A run is a dict with name, rate, loss, correct and general.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course.figures import COLOURS, INK, figure, label_line

Runs = Sequence[Mapping[str, Any]]


def draw_kept(right: Mapping[int, float], held: Mapping[int, float], whole: float) -> tuple[Figure, str]:
    """Draw, in per cent, the tickets right and the share of the change held, by the patterns kept of each change."""
    fig, ax = figure("A few patterns carry the skill, though not the whole change",
                     "patterns kept of each change (rank)", "%", size=(7.6, 3.6))  # fmt: skip
    places = range(len(right))
    for values, color, words, place in (
        (right, COLOURS["tuned"], "tickets right", 1),
        (held, COLOURS["hybrid"], "share of the change", len(right) // 2),
    ):
        ax.plot(places, list(values.values()), "o-", color=color)
        ax.annotate(words, (place, list(values.values())[place]), (8, -14), textcoords="offset points", color=color,
                    fontweight="bold")  # fmt: skip
    ax.axhline(whole, color=COLOURS["base"], linestyle="--", linewidth=1.4)
    ax.text(0, whole + 2, "tickets right with the whole change", color=COLOURS["base"], fontweight="bold")
    ax.set_xticks(places, [str(rank) for rank in right])
    ax.set_ylim(0, 112)
    table = "; ".join(f"rank {rank}: {right[rank]:.0f} % and {held[rank]:.0f} %" for rank in right)
    return fig, f"Right tickets, and the share of the change, by the rank kept. {table}. Whole change: {whole:.0f} %."


def draw_sizes(measured: Mapping[int, float], predicted: Mapping[int, float], whole: float) -> tuple[Figure, str]:
    """Draw an adapter's file size in MB by its rank, with what counting predicts and the base model's size."""
    title = f"At rank 8 the adapter's file is {100 * measured[8] / whole:.2g} % of the base model's"
    fig, ax = figure(title, "rank r", "file size (MB)", size=(7.2, 3.4))
    ax.plot(list(measured), list(measured.values()), "o", color=COLOURS["tuned"], markersize=8)
    ax.plot(list(predicted), list(predicted.values()), color=COLOURS["tuned"], linewidth=1.4)
    ax.axhline(whole, color=COLOURS["base"], linestyle="--", linewidth=1.4)
    ax.text(1, whole * 1.12, "the base model", color=COLOURS["base"], fontweight="bold")
    ax.text(max(measured), min(measured.values()), "dots: the files\nline: parameters × bytes each",
            color=COLOURS["tuned"], fontweight="bold", ha="right")  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=(min(measured.values()) / 2, whole * 2))
    ax.set_xticks(list(measured), [str(rank) for rank in measured])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    table = "; ".join(f"rank {rank}: {size:.3g} MB" for rank, size in measured.items())
    return fig, f"Adapter file size by rank. {table}. The base model: {whole:.3g} MB."


def draw_starts(curves: Mapping[str, Sequence[tuple[float, float, float]]]) -> tuple[Figure, str]:
    """Draw the gradients of A and B from the usual start, and the loss from all three starts.

    `curves` maps "B zero", "both zero" and "both random" to (loss, gradient of A, gradient of B) before each step.
    """
    fig, (left, right) = figure("B moves first, A follows; zero and zero never move", columns=2, size=(8.4, 3.4))
    steps = range(len(curves["B zero"]))
    for kind, index, color in (("B", 2, COLOURS["tuned"]), ("A", 1, COLOURS["hybrid"])):
        values = [point[index] for point in curves["B zero"]]
        left.plot(steps, values, "o-", color=color, markersize=4)
        label_line(left, steps, values, kind, color)
    left.set(xlabel="optimizer steps done (B starts at zero)", ylabel="length of the gradient", xlim=(-0.5, 12.5))
    for start, color in (("B zero", COLOURS["tuned"]), ("both zero", COLOURS["base"]), ("both random", COLOURS["bad"])):
        losses = [point[0] for point in curves[start]]
        right.plot(steps, losses, "o-", color=color, markersize=4)
        label_line(right, steps, losses, start, color)
    right.set(xlabel="optimizer steps done", ylabel="loss (nats per token)", xlim=(-0.5, 17))
    right.set_ylim(0)
    for ax in (left, right):
        ax.set_xticks((0, 4, 8, 12))
    said = "; ".join(
        f"{start}: loss from {points[0][0]:.2f} to {points[-1][0]:.2f}" for start, points in curves.items()
    )
    (_, a_first, b_first), (_, a_second, b_second) = curves["B zero"][:2]
    alt = f"Gradient of A {a_first:.2g} at first, then {a_second:.2g}; of B {b_first:.2g}, then {b_second:.2g}. {said}."
    return fig, alt


def best(runs: Runs, name: str) -> Mapping[str, Any]:
    """Return the run of this name with the lowest validation loss."""
    return min((run for run in runs if run["name"] == name), key=lambda run: run["loss"])


def draw_rates(runs: Runs, colours: Mapping[str, str]) -> tuple[Figure, str]:
    """Draw the validation loss by learning rate, a line for each name in `colours`; the first is full fine-tuning."""
    full, *adapters = colours
    of_lora = {f"{best(runs, name)['rate']:g}" for name in adapters}
    words = f"{of_lora.pop()} for every LoRA" if len(of_lora) == 1 else ", ".join(sorted(of_lora)) + " for LoRA"
    title = f"Best rate tried: {best(runs, full)['rate']:g} for all weights; {words}"
    fig, ax = figure(title, "learning rate", "validation loss (nats per token)", size=(7.6, 3.8))
    told = []
    for name, color in colours.items():
        points = sorted((run["rate"], run["loss"]) for run in runs if run["name"] == name)
        rates, losses = zip(*points, strict=True)
        ax.plot(rates, losses, "o-", color=COLOURS[color], label=name, alpha=0.85)
        told.append(f"{name}: " + ", ".join(f"{loss:.3f} at {rate:g}" for rate, loss in points))
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(sorted({run["rate"] for run in runs if run["name"] in colours}))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    ax.legend(
        ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.02), fontsize=9.5, handlelength=1.2, columnspacing=1.2
    )
    low, high = ax.get_ylim()
    ax.set_ylim(low * 0.9, high * 1.7)
    return fig, "Validation loss by learning rate. " + "; ".join(told) + "."


def draw_forgetting(runs: Runs, colours: Mapping[str, str], untouched: float) -> tuple[Figure, str]:
    """Draw perplexity on other text against tickets right, a dot for each run, its learning rate beside it."""
    title = "Skill and forgetting of each run (numbers: learning rates)"
    fig, ax = figure(title, "tickets with all fields right (%)", "perplexity on stories", size=(7.8, 3.9), grid="both")
    for name, color in colours.items():
        ax.plot([], [], "o", color=COLOURS[color], label=name)
    seen: list[tuple[float, float]] = []
    for run in runs:
        place = 100 * run["correct"], run["general"]
        ax.plot(*place, "o", markersize=9, color=COLOURS[colours[run["name"]]], alpha=0.85)
        near = sum(abs(place[0] - x) < 3 and abs(place[1] / y - 1) < 0.04 for x, y in seen)
        ax.annotate(f"{run['rate']:g}", place, (7, 9 + 11 * near), textcoords="offset points", fontsize=9,
                    color=COLOURS[colours[run["name"]]], fontweight="bold")  # fmt: skip
        seen.append(place)
    ax.axhline(untouched, color=COLOURS["base"], linestyle="--", linewidth=1.4)
    low = min(100 * run["correct"] for run in runs)
    ax.set_xlim(max(0, low - 14), 104)
    ax.text(
        max(0, low - 13.5), untouched, "base, before training\n", color=INK, va="bottom", linespacing=0.4, fontsize=9
    )
    ax.set_yscale("log")
    ax.minorticks_off()
    top = max(run["general"] for run in runs)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylim(min(untouched, *(run["general"] for run in runs)) * 0.97, top * 1.1)
    ax.legend(loc="upper left", fontsize=9.5)
    table = "; ".join(
        f"{run['name']} at {run['rate']:g}: {run['correct']:.0%} right, perplexity {run['general']:.3g}" for run in runs
    )
    return fig, f"Skill and forgetting of each run. The base: perplexity {untouched:.3g}. {table}."
