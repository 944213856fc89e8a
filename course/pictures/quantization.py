"""Draw quantization: codebooks, the errors they leave, and what QLoRA keeps in which precision.

    show(*draw_snap([0.2, -1.0, 0.6, 0.05], [-1.0, 0.0, 0.5, 1.0]))
    show(*draw_codebooks(scaled_weights, {"int4": [...], "FP4": [...]}))
    show(*draw_flow())

Each function returns a figure and its description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course.figures import COLOURS, DIM, INK, PAPER, figure, label_line


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


def draw_codebooks(scaled: Sequence[float], books: Mapping[str, Sequence[float]]) -> tuple[Figure, str]:
    """Draw the histogram of weights divided by their block's scale, with the values of two codebooks as lines."""
    title = "A ruler wastes its outer marks; FP4 leaves gaps where most weights are"
    fig, axes = figure(title, columns=2, size=(8.2, 3.0), grid="")
    for ax, (name, book) in zip(axes, books.items(), strict=True):
        ax.hist(scaled, bins=61, range=(-1, 1), color="#c9ced6")
        ax.vlines(book, 0, ax.get_ylim()[1] * 0.9, color=COLOURS["bad"], linewidth=0.8)
        ax.set(xlabel=f"weight / scale; {len(book)} lines: {name}", yticks=[])
        ax.spines["left"].set_visible(False)
    axes[0].set_ylabel("number of weights")
    told = "; ".join(f"{name} at {', '.join(f'{value:.3g}' for value in book)}" for name, book in books.items())
    return fig, f"Two histograms of weights divided by their block's scale: a bell around 0. The lines: {told}."


def draw_errors(errors: Mapping[str, float]) -> tuple[Figure, str]:
    """Draw the relative squared error that each codebook leaves at block 64."""
    fig, ax = figure(
        "NF4 beats int4 and FP4, and can be beaten itself", ylabel="mean error² / mean weight²", size=(7.0, 3.3)
    )
    colours = [COLOURS[name] for name in ("base", "base", "tuned", "rag")]
    bars = ax.bar(list(errors), list(errors.values()), color=colours)
    ax.bar_label(bars, [f"{value:.4f}" for value in errors.values()], padding=3, fontweight="bold", color=INK)
    ax.set_ylim(0, 1.15 * max(errors.values()))
    told = ", ".join(f"{name} {value:.4f}" for name, value in errors.items()).replace("\n", " ")
    return fig, f"Relative squared error of a round trip of normal weights, in blocks of 64: {told}."


def draw_blocks(
    bits: Mapping[int, float], curves: Mapping[str, Sequence[float]], star: tuple[float, float]
) -> tuple[Figure, str]:
    """Draw each codebook's error over the bits that block sizes cost; `star` is block 64 doubly quantized."""
    title = "Short blocks err less and cost more; double quantization shifts the trade"
    axis = "bits per weight (weights per block)"
    fig, ax = figure(title, axis, "mean error² / mean weight²", size=(8.2, 3.8), grid="both")
    costs = [cost - 4 for cost in bits.values()]  # beyond the codes: evenly spaced on a log axis
    for (name, values), color in zip(curves.items(), (COLOURS["tuned"], COLOURS["bad"]), strict=True):
        ax.plot(costs, values, color=color, marker="o")
        label_line(ax, costs[:1], values[:1], name, color, dy=-8 if name == "NF4" else 8)
    place = star[0] - 4, star[1]
    ax.plot(*place, "*", color=COLOURS["rag"], markersize=17, zorder=4)
    ax.annotate(
        "NF4, block 64, scales quantized", place, (14, -20), textcoords="offset points", color=COLOURS["rag"],
        fontweight="bold",
    )  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(costs, [f"{cost:.4g}\n({block:,})" for block, cost in bits.items()], fontsize=9)
    ax.minorticks_off()
    ax.set_ylim(0, 1.1 * max(max(values) for values in curves.values()))
    rows = "; ".join(
        f"block {block}, {cost:.4g} bits: " + ", ".join(f"{name} {values[row]:.4f}" for name, values in curves.items())
        for row, (block, cost) in enumerate(bits.items())
    )
    alt = f"Error against bits per weight. {rows}. Block 64 with quantized scales, {star[0]:.4g} bits: {star[1]:.4f}."
    return fig, alt


def draw_rises(recipes: Sequence[str], rises: Mapping[str, Sequence[float]]) -> tuple[Figure, str]:
    """Draw by how much the loss rises after each 4-bit recipe, for two versions of one model."""
    fig, axes = figure("With a few large channels, the block decides", columns=2, size=(8.6, 3.2), grid="x")
    colours = [COLOURS[name] for name in ("tuned", "prompt", "rag", "base", "bad")]
    for ax, (name, values) in zip(axes, rises.items(), strict=True):
        ax.barh(list(recipes), values, color=colours)
        edge = max(5.0, *values)
        for place, value in enumerate(values):
            words = f" {value:+,.{0 if value > 10 else 1}f} %"
            ax.text(max(value, 0), place, words, va="center", fontweight="bold")
        ax.set(xlabel="rise of the loss (%)", xlim=(min(0, *values), 1.35 * edge))
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.locator_params(axis="x", nbins=5)
        ax.set_title(name, fontsize=10.5)
        ax.invert_yaxis()
    axes[1].set_yticklabels([])
    told = "; ".join(
        f"{recipe}: {one:+.1f} % and {two:+,.1f} %" for recipe, one, two in zip(recipes, *rises.values(), strict=True)
    )
    return fig, f"Rise of the loss after quantization, as it was and as the same function with large channels. {told}."


def draw_flow() -> tuple[Figure, str]:
    """Draw a QLoRA layer: 4-bit storage, unpacked for a moment to 16 bits, beside an adapter that gradients move."""
    fig, ax = figure("Stored in 4 bits, computed in 16, learned beside", size=(8.2, 3.2), grid="")
    ax.set(xlim=(-0.2, 10.2), ylim=(-0.95, 2.7), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    _box(ax, 0.5, 1.0, "input x\n16 bits", INK)
    _box(ax, 2.9, 2.1, "codes, 4 bits\n+ scales: frozen", COLOURS["base"])
    _box(ax, 6.0, 2.1, "weight, 16 bits\nfor this moment", COLOURS["base"])
    _box(ax, 4.6, 0.1, "adapter A, B: 32 bits", COLOURS["tuned"], filled=True)
    _box(ax, 9.2, 1.0, "sum:\noutput", INK)
    _arrow(ax, (3.95, 2.1), (4.95, 2.1), COLOURS["base"])
    ax.text(4.45, 2.3, "unpack", color=COLOURS["base"], fontsize=9, ha="center")
    _arrow(ax, (1.1, 1.3), (4.9, 1.9), INK)
    _arrow(ax, (1.1, 0.8), (3.2, 0.25), INK)
    _arrow(ax, (7.1, 1.95), (8.6, 1.3), INK)
    _arrow(ax, (6.05, 0.25), (8.6, 0.8), INK)
    _arrow(ax, (8.9, 0.55), (6.1, -0.1), COLOURS["bad"])
    ax.text(7.6, -0.4, "gradients move A and B;\nthe codes stay", color=COLOURS["bad"], fontsize=9, va="center")
    _arrow(ax, (8.5, 1.05), (6.3, 1.65), COLOURS["bad"], dashed=True)
    _arrow(ax, (5.4, 1.6), (1.15, 1.05), COLOURS["bad"], dashed=True)
    ax.text(5.9, 1.13, "and pass through the weight,\non to earlier layers", color=COLOURS["bad"], fontsize=9,
            ha="center", va="center")  # fmt: skip
    alt = (
        "The input goes two ways: through the frozen weight, which is stored in 4 bits and unpacked to 16, "
        "and through the adapter. Both results are added. Gradients move the adapter; they also pass through the "
        "frozen weight, without changing it, on to earlier layers."
    )
    return fig, alt


def _box(ax, x: float, y: float, text: str, color: str, filled: bool = False) -> None:
    style = {"boxstyle": "round,pad=0.45", "facecolor": color if filled else PAPER, "edgecolor": color}
    ink = PAPER if filled else color
    ax.text(x, y, text, ha="center", va="center", fontsize=9.5, color=ink, fontweight="bold", bbox=style, zorder=3)


def _arrow(ax, start: tuple[float, float], end: tuple[float, float], color: str, dashed: bool = False) -> None:
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 1.6, "linestyle": (0, (4, 2)) if dashed else "-"}
    ax.annotate("", end, start, arrowprops=style | {"shrinkA": 0, "shrinkB": 0})
