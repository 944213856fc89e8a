"""Explore what fills a GPU during training: a stacked bar against the limits of a T4, an L4 and an A100.

explore_vram()
draw_vram(Plan(MODELS["Mistral 7B"]), "Mistral 7B")      # figure, description, table
"""

from __future__ import annotations

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.explorer import Explorer
from course.figures import COLOURS, DIM, INK, PAPER, figure
from course.vram import GPUS, MODELS, Need, Plan, estimate

PARTS = {  # colour and words of each part
    "weights": (COLOURS["base"], "base weights"),
    "constants": (COLOURS["prompt"], "quantization constants"),
    "adapter": (COLOURS["tuned"], "adapter"),
    "gradients": (COLOURS["rag"], "gradients"),
    "optimizer": (COLOURS["hybrid"], "optimizer"),
    "activations": (COLOURS["bad"], "activations"),
    "logits": ("#8a6d00", "logits"),
    "overhead": (DIM, "CUDA and workspace"),
}
METHODS = {  # how the base is stored, whether an adapter is trained, and bytes of a computed number
    "full fine-tuning, 16-bit": ("16-bit", False, 2),
    "LoRA on a 32-bit base": ("float32", True, 4),
    "LoRA on a 16-bit base": ("16-bit", True, 2),
    "QLoRA on a 4-bit base": ("nf4", True, 2),
}
RANKS = (4, 8, 16, 32, 64, 128)
BATCHES = (1, 2, 4, 8, 16, 32)
LENGTHS = (128, 256, 512, 1_024, 2_048, 4_096)


def draw_vram(plan: Plan, name: str) -> tuple[Figure, str, str]:
    """Draw a run's memory as one stacked bar; return the figure, its description and a table of the parts."""
    need = estimate(plan)
    total = need.total / 1e9
    fits = need.fits()
    verdict = f"fits from the {fits[0]} up" if fits else "more than any of these GPUs has"
    fig, ax = figure(f"{name}: about {total:.1f} GB, {verdict}", "GPU memory (GB)", size=(7.6, 2.5), grid="")
    edge = max([total * 1.06, 17, *(limit * 1.06 for limit in GPUS.values() if limit <= total * 1.9)])
    left = 0.0
    for part, size in need.parts().items():
        colour, words = PARTS[part]
        size /= 1e9
        ax.barh([0], [size], 0.8, left=left, color=colour, edgecolor=PAPER, linewidth=0.8)
        if size > 0.016 * len(words) * edge:
            ax.text(
                left + size / 2, 0, f"{words}\n{size:.1f}", color=PAPER, ha="center", va="center",
                fontsize=9, fontweight="bold",
            )  # fmt: skip
        left += size
    for gpu, limit in GPUS.items():
        if limit <= edge:
            ax.axvline(limit, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
            ax.text(limit, 0.62, f"{gpu} ", ha="right", va="bottom", fontsize=9, color=INK)
    ax.set(xlim=(0, edge), ylim=(-0.5, 0.95), yticks=[])
    ax.spines["left"].set_visible(False)
    told = ", ".join(f"{PARTS[part][1]} {size / 1e9:.2f} GB" for part, size in need.parts().items() if size)
    return fig, f"One stacked bar of {total:.1f} GB: {told}. Verdict: {verdict}.", _table(need)


def explore_vram() -> None:
    """Show the estimator: model, method, rank, batch, length and checkpointing."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "13rem"}}
    slider = {"continuous_update": False, **wide}
    model = widgets.Dropdown(options=list(MODELS), value="Mistral 7B", description="Model", **wide)
    method = widgets.Dropdown(options=list(METHODS), value="LoRA on a 16-bit base", description="Method", **wide)
    rank = widgets.SelectionSlider(options=RANKS, value=16, description="Rank of the adapter", **slider)
    batch = widgets.SelectionSlider(options=BATCHES, value=2, description="Batch (examples in memory)", **slider)
    length = widgets.SelectionSlider(options=LENGTHS, value=512, description="Tokens per example", **slider)
    checkpointing = widgets.Checkbox(
        value=False, description="gradient checkpointing: compute activations again instead of keeping them",
        indent=False, layout=wide["layout"],
    )  # fmt: skip
    controls = [model, method, rank, batch, length, checkpointing]

    def draw() -> tuple[Figure, str, str]:
        base, adapts, width = METHODS[method.value]
        plan = Plan(
            MODELS[model.value], base, rank.value if adapts else 0, batch.value, length.value, checkpointing.value,
            width=width,
        )  # fmt: skip
        return draw_vram(plan, model.value)

    hint = "Make a 7B model fit on a T4. Tab moves between the controls, the arrow keys turn them."
    Explorer("What fills the GPU?", controls, controls, draw, hint).show()


def _table(need: Need) -> str:
    rows = "".join(
        f'<tr><td><span style="color:{PARTS[part][0]}">■</span> {PARTS[part][1]}</td>'
        f'<td style="text-align:right">{size / 1e9:.2f} GB</td></tr>'
        for part, size in need.parts().items()
    )
    total = f'<tr><td><b>total</b></td><td style="text-align:right"><b>{need.total / 1e9:.2f} GB</b></td></tr>'
    return f"<table>{rows}{total}</table><p>An estimate by formula (course/vram.py), not a measurement on a GPU.</p>"
