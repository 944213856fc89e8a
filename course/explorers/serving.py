"""Explore how many adapters fit beside one base on a GPU, and what a thousand requests cost when they share it.

explore_serving()
room(gpu_gb=24, shape=MODELS["Mistral 7B"], bits=16, rank=16, reserve_gb=4)     # adapters that fit
"""

from __future__ import annotations

import ipywidgets as widgets
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from course.costs import HOURS, load_prices
from course.explorer import Explorer, number
from course.figures import COLOURS, INK, PAPER, figure
from course.vram import GPUS, MODELS, Shape

RANKS = (4, 8, 16, 32, 64, 128)
REQUESTS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
ADAPTERS = (1, 2, 5, 10, 20, 50, 100, 200)


def base_bytes(shape: Shape, bits: int) -> float:
    """Return the bytes of a base model: linear weights in so many bits, all others in 16."""
    return shape.linear * bits / 8 + shape.others * 2


def room(gpu_gb: float, shape: Shape, bits: int, rank: int, reserve_gb: float) -> int:
    """Return how many adapters of this rank, in 16 bits, fit beside the base in a GPU's memory (decimal GB)."""
    left = (gpu_gb - reserve_gb) * 1e9 - base_bytes(shape, bits)
    return max(0, int(left // (2 * shape.adapter(rank))))


def per_thousand(month: float, adapters: int, requests_a_day: float) -> float:
    """Return US dollars per thousand requests when adapters with this traffic each share one month's rent."""
    return month / (adapters * requests_a_day * HOURS / 24) * 1_000


def draw_serving(
    gpu: str, model: str, bits: int, rank: int, reserve_gb: float, adapters: int, requests: int, per_hour: float
) -> tuple[Figure, str, str]:
    """Draw the GPU's memory, and the cost of a thousand requests by how many adapters share it."""
    shape, size = MODELS[model], GPUS[gpu]
    fits, base, each = (
        room(size, shape, bits, rank, reserve_gb),
        base_bytes(shape, bits) / 1e9,
        shape.adapter(rank) * 2e-9,
    )
    served = min(adapters, fits)
    title = f"{gpu}: {model} in {bits} bits leaves room for {fits:,} adapters of rank {rank}"
    if base + reserve_gb > size:
        title = f"{gpu}: {model} in {bits} bits does not fit"
    fig, (memory, cost) = figure(title, size=(9.0, 3.4), columns=2, grid="")
    left = 0.0
    for width, words, color in (
        (base, f"base\n{base:.1f}", "base"), (reserve_gb, f"reserve\n{reserve_gb:g}", "prompt"),
        (served * each, f"{served:,} adapters\n{served * each:.2f}", "tuned"),
    ):  # fmt: skip
        memory.barh([0], [width], 0.5, left=left, color=COLOURS[color], edgecolor=PAPER)
        inside = width > 0.16 * size
        memory.text(
            left + width / 2, 0 if inside else -0.42 if color == "tuned" else 0.42, words, ha="center", va="center",
            color=PAPER if inside else COLOURS[color], fontsize=9, fontweight="bold",
        )  # fmt: skip
        left += width
    memory.axvline(size, color=INK, linestyle=(0, (4, 3)))
    memory.text(size, 0.72, f"{gpu} ", ha="right", fontsize=9)
    memory.set(xlim=(0, max(size, left) * 1.06), ylim=(-0.7, 0.9), yticks=[], xlabel="GPU memory (GB)")
    month = per_hour * HOURS
    shares = [count for count in ADAPTERS if count <= max(fits, 1)]
    cost.plot(shares, [per_thousand(month, count, requests) for count in shares], "o-", color=COLOURS["tuned"])
    now = per_thousand(month, max(served, 1), requests)
    cost.plot([max(served, 1)], [now], "o", color=INK, markersize=9)
    cost.set(xscale="log", yscale="log", xlabel="adapters that share the GPU", ylabel="$ per 1,000 requests")
    cost.set_xticks([1, 10, 100], ["1", "10", "100"])
    cost.minorticks_off()
    cost.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    cost.yaxis.set_major_formatter(lambda value, _: f"${value:g}")
    cost.grid(axis="y")
    busy = max(served, 1) * requests / 86_400
    text = (
        f"<p><b>{fits:,}</b> adapters of {shape.adapter(rank):,} weights fit. With {max(served, 1):,} of them, each "
        f"asked {requests:,} times a day, a thousand requests cost <b>${now:,.3f}</b>; one alone would pay "
        f"<b>${per_thousand(month, 1, requests):,.3f}</b>. The GPU must then answer <b>{busy:,.2f} requests</b> "
        "a second on average: whether it can, only a load test tells.</p>"
    )
    alt = (
        f"Memory of a {gpu}: base {base:.1f} GB, reserve {reserve_gb:g} GB, {served} adapters {served * each:.2f} GB "
        f"of {size} GB. A thousand requests cost ${now:,.3f}."
    )
    return fig, alt, text


def explore_serving() -> None:
    """Show the explorer: GPU, base, bits, rank, reserve, adapters, traffic and rent."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "14rem"}}
    slider = {"continuous_update": False, **wide}
    rent = load_prices()["gpus"][0]
    gpu = widgets.Dropdown(options=list(GPUS), value="L4", description="GPU", **wide)
    model = widgets.Dropdown(options=list(MODELS), value="Mistral 7B", description="Base model", **wide)
    bits = widgets.ToggleButtons(options=[16, 4], value=16, description="Bits per base weight", **wide)
    rank = widgets.SelectionSlider(options=RANKS, value=16, description="Rank of each adapter", **slider)
    reserve = widgets.BoundedFloatText(
        value=4, min=0, max=60, step=0.5, description="Reserve for requests (GB)", **wide
    )
    adapters = widgets.SelectionSlider(options=ADAPTERS, value=10, description="Adapters that you serve", **slider)
    requests = widgets.SelectionSlider(
        options=[(f"{count:,}", count) for count in REQUESTS], value=3_000, description="Requests a day, each", **slider
    )
    hour = number("Rent ($ an hour)", rent["per_hour"], step=0.05, whole=False)
    controls = [gpu, model, bits, rank, reserve, adapters, requests, hour]

    def draw() -> tuple[Figure, str, str]:
        return draw_serving(
            gpu.value, model.value, bits.value, rank.value, reserve.value, adapters.value, requests.value, hour.value
        )

    hint = (
        "Find out what sharing is worth. Tab moves between the controls, the arrow keys turn them. The rent is that of "
        f"one L4, as read on {load_prices()['as_read']}: type your own GPU's."
    )
    Explorer("How many adapters share a GPU, and what does it cost?", controls, controls, draw, hint).show()
