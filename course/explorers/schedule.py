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
from course.figures import COLOURS, DIM, figure

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
    ax.xaxis.get_major_locator().set_params(integer=True)
    for epoch in range(1, settings.epochs):
        ax.axvline(epoch * found.per_epoch, color=DIM, linewidth=0.8, linestyle=":")
        ax.text(epoch * found.per_epoch, settings.peak * 1.09, f" epoch {epoch + 1}", color=DIM, fontsize=9)
    if found.warmup:
        ax.text(
            found.warmup, settings.peak * 1.02, " warm-up ends", color=COLOURS["prompt"], fontweight="bold", fontsize=9
        )
    in_memory = f"{settings.batch} × {settings.accumulation}), of which <b>{settings.batch}</b> are in memory at a time"
    text = (
        f"<p>Each step learns from <b>{found.effective}</b> tickets ({in_memory}. {settings.tickets:,} tickets make "
        f"<b>{found.per_epoch:,}</b> steps an epoch.{_advice(settings, found)}</p>"
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
