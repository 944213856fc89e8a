"""Draw the memory of training: one step in several methods, and a run whose batches differ in length.

    show(*draw_steps({"LoRA": measure_step(model, inputs), ...}))
    show(*draw_peaks(needs, limit=15))

Each function returns a figure and its description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course.figures import COLOURS, INK, PAPER, figure
from course.memory import Memory
from course.vram import Need

GROUPS = {  # what a bar tells apart: words, parts of a Memory, colour
    "weights of the base": (("weights", "constants"), COLOURS["base"]),
    "added by training: adapter, gradients, optimizer state": (("adapter", "gradients", "optimizer"), COLOURS["tuned"]),
    "activations": (("activations",), COLOURS["bad"]),
}


def draw_steps(counted: Mapping[str, Memory]) -> tuple[Figure, str]:
    """Draw the bytes of one training step as stacked bars, one for each method; the first is compared with LoRA."""
    totals = {name: sum(memory.parts().values()) / 1e6 for name, memory in counted.items()}
    share = totals["LoRA"] / next(iter(totals.values()))
    title = f"LoRA needs {100 * share:.0f} % of the memory, most of it for the frozen base"
    fig, ax = figure(title, "memory of one step (MB)", size=(7.8, 3.2), grid="x")
    for row, (name, memory) in enumerate(counted.items()):
        left = 0.0
        for words, (parts, colour) in GROUPS.items():
            size = sum(memory.parts()[part] for part in parts) / 1e6
            ax.barh([row], [size], left=left, color=colour, edgecolor=PAPER, label=words if row == 0 else None)
            if size > 0.04 * max(totals.values()):
                middle = left + size / 2
                ax.text(middle, row, f"{size:.1f}", color=PAPER, ha="center", va="center", fontsize=9, weight="bold")
            left += size
        ax.text(left, row, f" {totals[name]:.3g} MB", color=INK, va="center", fontweight="bold")
    ax.set_yticks(range(len(counted)), list(counted))
    ax.set_xlim(0, 1.15 * max(totals.values()))
    ax.invert_yaxis()
    ax.legend(*ax.get_legend_handles_labels(), loc="lower right", fontsize=9)
    told = "; ".join(f"{name} {total:.3g} MB" for name, total in totals.items())
    return fig, f"Memory of one training step, counted: {told}. In LoRA's bar the frozen weights are the largest part."


def draw_peaks(needs: Sequence[Need], limit: float) -> tuple[Figure, str]:
    """Draw the estimated memory of each batch, with and without the optimizer's state, against a GPU's limit in GB."""
    total = [need.total / 1e9 for need in needs]
    resident = [(need.total - need.optimizer) / 1e9 for need in needs]
    over, still = (sum(value > limit for value in values) for values in (total, resident))
    title = f"{over} of {len(total)} batches exceed {limit} GB; with the optimizer paged out, {still or 'none'}"
    fig, ax = figure(title, "batch", "GPU memory, estimated (GB)", size=(7.6, 3.4))
    ax.bar(range(len(total)), total, 0.8, color=COLOURS["hybrid"], label="optimizer state (32-bit): can move out")
    ax.bar(range(len(total)), resident, 0.8, color=COLOURS["base"], label="the rest")
    ax.axhline(limit, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
    ax.text(len(total), limit, f" {limit} GB", va="center", fontweight="bold")
    ax.set(xlim=(-1, len(total)), ylim=(0, 1.25 * max(total)))
    ax.legend(loc="upper left", ncols=2)
    alt = (
        f"Estimated memory of {len(total)} batches, up to {max(total):.1f} GB: {over} need more than {limit} GB; "
        f"without the optimizer's state {still} do."
    )
    return fig, alt
