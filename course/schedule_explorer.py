"""Explore how batch, accumulation, epochs and warm-up become optimizer steps and a learning-rate curve.

explore_schedule()
plan(Settings(tickets=1000, batch=16, accumulation=1, epochs=1, warmup=0.1)).steps      # 63
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.explorer import Explorer
from course.figures import COLOURS, DIM, GRID, INK, figure

TICKETS = (40, 100, 250, 500, 1_000, 2_000, 5_000, 10_000)
POWERS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Settings:
    """What a learner may turn: examples, batch, accumulation, epochs, the share of warm-up, and the peak rate."""

    tickets: int = 1_000
    batch: int = 4
    accumulation: int = 4
    epochs: int = 2
    warmup: float = 0.1
    peak: float = 2e-3


@dataclass(frozen=True)
class Plan:
    """What follows from the settings."""

    effective: int
    per_epoch: int
    steps: int
    warmup: int


def plan(settings: Settings) -> Plan:
    """Count optimizer steps and warm-up steps the way transformers' `Trainer` does."""
    per_epoch = math.ceil(math.ceil(settings.tickets / settings.batch) / settings.accumulation)
    steps = per_epoch * settings.epochs
    return Plan(settings.batch * settings.accumulation, per_epoch, steps, math.ceil(steps * settings.warmup))


def rates(plan: Plan, peak: float) -> list[float]:
    """Return the learning rate of every step: a straight line up, then half a cosine down to 0."""
    fall = max(plan.steps - plan.warmup, 1)
    return [
        peak * step / plan.warmup
        if step < plan.warmup
        else peak * (1 + math.cos(math.pi * (step - plan.warmup) / fall)) / 2
        for step in range(plan.steps)
    ]


def draw_schedule(settings: Settings) -> tuple[Figure, str, str]:
    """Draw the learning rate over the steps; return the figure, its description and what the numbers say."""
    found = plan(settings)
    title = f"{found.steps:,} optimizer steps, {found.warmup:,} of them to warm up"
    fig, ax = figure(title, xlabel="optimizer step", ylabel="learning rate", size=(7.2, 3.2))
    curve = rates(found, settings.peak)
    ax.plot(range(found.steps), curve, color=COLOURS["tuned"], marker="o" if found.steps < 30 else "", markersize=4)
    ax.fill_between(range(found.warmup + 1), (curve + [0.0])[: found.warmup + 1], color=COLOURS["prompt"], alpha=0.25)
    ax.set(xlim=(0, max(found.steps - 1, 1)), ylim=(0, settings.peak * 1.15))
    for epoch in range(1, settings.epochs):
        ax.axvline(epoch * found.per_epoch, color=DIM, linewidth=0.8, linestyle=":")
        ax.text(epoch * found.per_epoch, settings.peak * 1.09, f" epoch {epoch + 1}", color=DIM, fontsize=9)
    if found.warmup:
        ax.text(
            found.warmup, settings.peak * 1.02, " warm-up ends", color=COLOURS["prompt"], fontweight="bold", fontsize=9
        )
    text = (
        f"<p>Each step learns from <b>{found.effective}</b> tickets ({settings.batch} × {settings.accumulation}), of which "
        f"<b>{settings.batch}</b> are in memory at a time. {settings.tickets:,} tickets make <b>{found.per_epoch:,}</b> "
        f"steps an epoch.{_advice(settings, found)}</p>"
    )
    alt = (
        f"Learning rate over {found.steps} steps: up to {settings.peak:g} within {found.warmup} steps, "
        "then down to 0 along a cosine."
    )
    return fig, alt, text


def _advice(settings: Settings, found: Plan) -> str:
    last = settings.tickets - (found.per_epoch - 1) * found.effective
    notes = []
    if last < found.effective:
        notes.append(f" The last step of each epoch has only {last}.")
    if found.steps < 30:
        notes.append(" So few steps rarely teach a format: use a smaller effective batch, or more epochs.")
    if settings.warmup and found.warmup < 2:
        notes.append(" A warm-up of one step is none at all.")
    return "".join(notes)


def draw_batches(batch: int = 4, accumulation: int = 4) -> tuple[Figure, str]:
    """Draw one optimizer step as rows of tickets: a row is in memory at a time, all rows make one update."""
    rows = accumulation
    fig, ax = figure(
        f"One optimizer step: {accumulation} batches of {batch} tickets", size=(7.2, 0.5 * rows + 1.0), grid=""
    )
    ax.set(xlim=(-0.3, batch + 4.6), ylim=(rows - 0.4, -0.75), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    for row in range(rows):
        for column in range(batch):
            style = {"boxstyle": "round,pad=0.45", "facecolor": GRID, "edgecolor": DIM}
            ax.text(
                column + 0.25,
                row,
                f"ticket {row * batch + column + 1}",
                fontsize=8,
                ha="center",
                va="center",
                bbox=style,
            )
        add = "gradient" if row == 0 else "+ gradient"
        ax.text(batch - 0.15, row, f"→  forward, backward  →  {add}", va="center", color=INK, fontsize=10)
    ax.annotate(
        "then: one update\nof the adapter", (batch + 3.15, rows - 0.6), (batch + 3.3, (rows - 1) / 2), va="center", ha="left",
        color=COLOURS["tuned"], fontweight="bold", fontsize=10, annotation_clip=False,
    )  # fmt: skip
    alt = f"{rows} rows of {batch} tickets. Each row gives a gradient; the gradients are added; then the adapter moves once."
    return fig, alt


def explore_schedule() -> None:
    """Show the schedule explorer."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "13rem"}}
    slider = {"continuous_update": False, **wide}
    tickets = widgets.SelectionSlider(options=TICKETS, value=1_000, description="Training tickets", **slider)
    batch = widgets.SelectionSlider(options=POWERS, value=4, description="Batch (tickets in memory)", **slider)
    accumulation = widgets.SelectionSlider(
        options=POWERS, value=4, description="Accumulation (batches a step)", **slider
    )
    epochs = widgets.IntSlider(value=2, min=1, max=5, description="Epochs (rounds of the data)", **slider)
    warmup = widgets.IntSlider(value=10, min=0, max=50, step=5, description="Warm-up (% of the steps)", **slider)
    controls = [tickets, batch, accumulation, epochs, warmup]

    def draw() -> tuple[Figure, str, str]:
        settings = Settings(tickets.value, batch.value, accumulation.value, epochs.value, warmup.value / 100)
        return draw_schedule(settings)

    hint = "Tab moves between the sliders, the arrow keys turn them."
    Explorer("What becomes of your tickets?", controls, controls, draw, hint).show()
