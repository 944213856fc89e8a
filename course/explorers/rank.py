"""Explore how rank and target modules become trainable parameters, a share of the model, and a file on disk.

explore_rank()
show(*draw_update(d_out=896, d_in=896, rank=16))
adapter_parameters(MODELS["Qwen2.5 0.5B"], MODULES["all linear layers"], rank=16)      # 8798208
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course.explorer import Explorer
from course.figures import COLOURS, DIM, GRID, INK, figure
from course.models import TIERS

RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
Shape = tuple[int, int]


@dataclass(frozen=True)
class Architecture:
    """The sizes of a model that decide how large an adapter gets."""

    layers: int
    hidden: int
    key_value: int
    """Width of keys and values; smaller than `hidden` where several query heads share one."""
    inner: int
    """Width inside the MLP."""
    parameters: int
    gated: bool = True
    """Whether the MLP has a gate_proj beside up_proj and down_proj."""

    def shapes(self) -> dict[str, Shape]:
        """Return (d_out, d_in) of every linear module of one layer, by name."""
        found = {
            "q_proj": (self.hidden, self.hidden),
            "k_proj": (self.key_value, self.hidden),
            "v_proj": (self.key_value, self.hidden),
            "o_proj": (self.hidden, self.hidden),
            "gate_proj": (self.inner, self.hidden),
            "up_proj": (self.inner, self.hidden),
            "down_proj": (self.hidden, self.inner),
        }
        if not self.gated:
            del found["gate_proj"]
        return found


# From each model's config.json; GPT-3: Brown et al. 2020, table 2.1 (it names its modules differently).
MODELS = {
    "the bundled model": Architecture(4, 192, 192, 512, TIERS["bundled"].parameters),
    "Qwen2.5 0.5B": Architecture(24, 896, 128, 4_864, 494_032_768),
    "Mistral 7B": Architecture(32, 4_096, 1_024, 14_336, 7_248_023_552),
    "GPT-3 175B": Architecture(96, 12_288, 12_288, 49_152, 175_000_000_000, gated=False),
}
ATTENTION, MLP = ("q_proj", "k_proj", "v_proj", "o_proj"), ("gate_proj", "up_proj", "down_proj")
MODULES = {
    "q and v (the paper's choice)": ("q_proj", "v_proj"),
    "attention": ATTENTION,
    "MLP": MLP,
    "all linear layers": ATTENTION + MLP,
}


def adapter_parameters(model: Architecture, modules: Sequence[str], rank: int) -> int:
    """Count the parameters of a LoRA adapter: rank × (d_in + d_out) for every adapted matrix of every layer."""
    return model.layers * sum(rank * sum(shape) for name, shape in model.shapes().items() if name in modules)


def draw_update(d_out: int, d_in: int, rank: int) -> tuple[Figure, str]:
    """Draw a weight matrix, and beside it the two thin matrices whose product is added to it, to scale."""
    full, thin = d_out * d_in, rank * (d_out + d_in)
    fig, ax = figure(f"To change {full:,} weights, train {thin:,} numbers", size=(7.2, 3.1), grid="")
    _draw_shapes(ax, d_out, d_in, rank)
    alt = (
        f"A large frozen square W, {d_out} × {d_in}, plus the product of a thin upright strip B, {d_out} × {rank}, and "
        f"a thin flat strip A, {rank} × {d_in}: {thin:,} numbers to train in place of {full:,}."
    )
    return fig, alt


def _draw_shapes(ax: Axes, d_out: int, d_in: int, rank: int) -> None:
    unit = 10 / max(d_out, d_in)
    height, width, strip = d_out * unit, d_in * unit, max(rank * unit, 0.09)
    ax.add_patch(Rectangle((0, -height), width, height, facecolor=GRID, edgecolor=COLOURS["base"], linewidth=1.5))
    ax.text(
        width / 2,
        -height / 2,
        "W\nfrozen" if width > 4 else "W",
        ha="center",
        va="center",
        color=COLOURS["base"],
        fontweight="bold",
    )
    left = width + 2.4
    ax.text(width + 1.2, -height / 2, "+", ha="center", va="center", fontsize=18, color=INK)
    style = {"facecolor": COLOURS["tuned"], "edgecolor": COLOURS["tuned"]}
    ax.add_patch(Rectangle((left, -height), strip, height, **style))
    ax.add_patch(Rectangle((left + strip + 1.2, -strip), width, strip, **style))
    ax.text(left + strip / 2, -height - 0.3, "B", ha="center", va="top", color=COLOURS["tuned"], fontweight="bold")
    ax.text(
        left + strip + 1.2 + width / 2, -strip - 0.3, "A", ha="center", va="top", color=COLOURS["tuned"],
        fontweight="bold",
    )  # fmt: skip
    ax.text(left + strip + 0.6, -strip / 2, "×", ha="center", va="center", fontsize=14, color=INK)
    ax.text(-0.3, -height / 2, f"{d_out:,}", ha="right", va="center", color=DIM)
    ax.text(width / 2, 0.25, f"{d_in:,}", ha="center", va="bottom", color=DIM)
    ax.text(left + strip / 2, 0.25, f"{rank}", ha="center", va="bottom", color=DIM)
    ax.text(left + strip + 1.2 + width / 2, 0.25, f"{d_in:,}", ha="center", va="bottom", color=DIM)
    ax.set(xlim=(-1.8, left + strip + 1.4 + width), ylim=(-height - 1.4, 1.3), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)


def draw_rank(name: str, chosen: str, rank: int) -> tuple[Figure, str, str]:
    """Draw one module to scale and the adapter's size over the rank; return figure, description and sentence."""
    model, modules = MODELS[name], MODULES[chosen]
    count = adapter_parameters(model, modules, rank)
    share = 100 * count / model.parameters
    fig, (shapes, curve) = figure(
        f"Rank {rank} on {name}: {count:,} trainable parameters, {share:.3g} % of the model", columns=2,
        size=(8.2, 3.4), grid="",
    )  # fmt: skip
    module, (d_out, d_in) = next(pair for pair in model.shapes().items() if pair[0] in modules)
    _draw_shapes(shapes, d_out, d_in, rank)
    shapes.set_title(f"one {module}, to scale", fontsize=10, fontweight="normal", color=DIM)
    counts = [adapter_parameters(model, modules, each) for each in RANKS]
    curve.plot(RANKS, counts, color=COLOURS["tuned"])
    curve.plot([rank], [count], "o", color=COLOURS["tuned"], markersize=9)
    curve.axhline(model.parameters, color=COLOURS["base"], linestyle="--", linewidth=1.4)
    curve.text(RANKS[0], model.parameters * 1.25, "all weights", color=COLOURS["base"], fontweight="bold")
    curve.set(xscale="log", yscale="log", xlabel="rank r", ylabel="trainable parameters")
    curve.set_xticks(RANKS[::2], [str(each) for each in RANKS[::2]])
    curve.minorticks_off()
    curve.set_ylim(min(counts) / 2, max(model.parameters, max(counts)) * 4)
    curve.grid(axis="y")
    alt = (
        f"{name}, {chosen}, rank {rank}: {count:,} trainable parameters, {share:.3g} % of {model.parameters:,}. They "
        f"double with the rank. One {module} is {d_out} × {d_in}; its A is {rank} × {d_in} and its B {d_out} × {rank}."
    )
    text = (
        f"<p><b>{count:,}</b> parameters to train, <b>{share:.3g} %</b> of {model.parameters:,}. On disk: "
        f"<b>{_size(2 * count)}</b> in 16 bit, {_size(4 * count)} in 32 bit; the whole model in 16 bit takes "
        f"{_size(2 * model.parameters)}.{_advice(model, modules, rank)}</p>"
    )
    return fig, alt, text


def _size(count: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 1e3:.3g} kB"


def _advice(model: Architecture, modules: Sequence[str], rank: int) -> str:
    shapes = [shape for name, shape in model.shapes().items() if name in modules]
    wasted = [shape for shape in shapes if rank * sum(shape) >= shape[0] * shape[1]]
    if wasted:
        d_out, d_in = wasted[0]
        compared = "as many numbers as" if rank * (d_out + d_in) == d_out * d_in else "more numbers than"
        return (
            f" At this rank, A and B together hold {compared} a {d_out} × {d_in} matrix itself: nothing saved on such "
            "a matrix."
        )
    return ""


def explore_rank() -> None:
    """Show the rank explorer."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "9rem"}}
    model = widgets.Dropdown(options=list(MODELS), value="Qwen2.5 0.5B", description="Base model", **wide)
    modules = widgets.Dropdown(options=list(MODULES), value="all linear layers", description="Target modules", **wide)
    rank = widgets.SelectionSlider(options=RANKS, value=16, description="Rank r", continuous_update=False, **wide)
    controls = [model, modules, rank]
    hint = "Tab moves between the controls, the arrow keys change them."
    Explorer(
        "How large is an adapter?", controls, controls, lambda: draw_rank(model.value, modules.value, rank.value), hint
    ).show()
