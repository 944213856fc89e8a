"""Show a training run while it runs: a progress bar with the time left, and the loss as it falls.

    trainer = SFTTrainer(...)
    watch(trainer, "Triage adapter")
    trainer.train()

In a notebook both are redrawn in place, and the last figure stays. Elsewhere, lines of text say the same.
"""

from __future__ import annotations

import html
import math
import time
from typing import Any

from IPython import get_ipython
from IPython.display import display
from matplotlib.ticker import LogLocator, NullLocator
from transformers import PrinterCallback, ProgressCallback, Trainer, TrainerCallback
from transformers.utils.notebook import NotebookProgressCallback

from course.figures import COLOURS, DIM, figure, label_line, show

BAR_EVERY = 0.3  # seconds
FIGURE_EVERY = 1.0
SHARE = 10  # redrawing the figure may take a tenth of the time, so a slow machine redraws less often
TEXT_EVERY = 10.0
LEAST, MOST = 1e-6, 100.0  # losses outside run out of the picture


def watch(trainer: Trainer, title: str = "Training", per: str = "token") -> LiveTraining:
    """Show this trainer's run live, in place of the library's own output; `per` is what its loss is a mean over."""
    for theirs in (PrinterCallback, ProgressCallback, NotebookProgressCallback):
        trainer.remove_callback(theirs)
    live = LiveTraining(title, per)
    trainer.add_callback(live)
    return live


class LiveTraining(TrainerCallback):
    """Follow a run from the trainer's events; `watch` attaches it."""

    def __init__(self, title: str = "Training", per: str = "token"):
        self.title, self.per = title, per
        self.bar = self.plot = None
        self.train: list[tuple[int, float]] = []
        self.validation: list[tuple[int, float]] = []
        self.saved: list[int] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock; a resumed run brings its earlier losses along."""
        self.in_notebook = hasattr(get_ipython(), "kernel")
        self.start, self.first, self.steps = time.perf_counter(), state.global_step, state.max_steps
        self.bar_due = self.figure_due = self.text_due = 0.0
        self.bar = self.plot = None
        self.train, self.validation, self.saved = [], [], []
        for entry in state.log_history:
            self._collect(entry, entry["step"])
        self._show_bar(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Move the bar."""
        now = time.perf_counter()
        if self.in_notebook and (now >= self.bar_due or state.global_step == self.steps):
            self._show_bar(state.global_step)
            self.bar_due = time.perf_counter() + BAR_EVERY

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Add a loss to the curve."""
        self._collect(logs or {}, state.global_step)
        now = time.perf_counter()
        if self.in_notebook and now >= self.figure_due:
            self._show_figure(state.global_step)
            spent = time.perf_counter() - now
            self.figure_due = time.perf_counter() + max(FIGURE_EVERY, SHARE * spent)
        elif not self.in_notebook and now >= self.text_due:
            print(f"{self.title}: {self._words(state.global_step)}", flush=True)
            self.text_due = now + TEXT_EVERY

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark a checkpoint on the curve."""
        self.saved.append(state.global_step)
        self.figure_due = 0.0

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave the whole curve, and how long it took, in the output."""
        if not self.in_notebook:
            print(f"{self.title}: {self._words(state.global_step, over=True)}", flush=True)
            return
        self._show_bar(state.global_step, over=True)
        if self.train:
            self._show_figure(state.global_step)

    def _collect(self, entry: dict[str, Any], step: int) -> None:
        for name, curve in (("loss", self.train), ("eval_loss", self.validation)):
            if name in entry and step <= self.steps:  # resuming a run that was over takes one step more
                curve.append((step, float(entry[name])))

    def _words(self, step: int, over: bool = False) -> str:
        spent, done = time.perf_counter() - self.start, step - self.first
        if over and (not done or self.first >= self.steps):
            return f"all {self.steps} steps were done before; nothing is left to train"
        if over:
            again = f" (resumed at step {self.first})" if self.first else ""
            return f"{done} steps in {_duration(spent)}, {spent / done:.2f} s a step{again}"
        left = f", about {_duration(spent / done * (self.steps - step))} left" if done >= 2 else ""
        loss = f", loss {self.train[-1][1]:.2g}" if self.train else ""
        return f"step {step} of {self.steps}{loss}{left}"

    def _show_bar(self, step: int, over: bool = False) -> None:
        if not self.in_notebook:
            return
        words = self._words(step, over)
        page = (
            f'<div style="display:flex;gap:12px;align-items:center;margin:4px 0">'
            f'<progress value="{step}" max="{self.steps}" aria-label="{html.escape(self.title)}" '
            f'style="flex:0 1 200px;min-width:60px;height:16px;accent-color:{COLOURS["tuned"]}"></progress>'
            f"<span><b>{'✓ ' if over else ''}{html.escape(self.title)}:</b> {html.escape(words)}</span></div>"
        )
        bundle = {"text/html": page, "text/plain": f"{self.title}: {words}"}
        if self.bar is None:
            self.bar = display(bundle, raw=True, display_id=True)
        else:
            self.bar.update(bundle, raw=True)

    def _show_figure(self, step: int) -> None:
        fig, alt = draw_run(self.train, self.validation, self.saved, self.steps, self.title, self.first, self.per)
        self.plot = show(fig, alt, handle=self.plot)


def draw_run(
    train: list[tuple[int, float]],
    validation: list[tuple[int, float]],
    saved: list[int],
    steps: int,
    title: str,
    resumed: int = 0,
    per: str = "token",
) -> tuple[Any, str]:
    """Draw a run's losses as (step, loss) pairs, its checkpoints and where it was resumed, and describe the figure."""
    step, last = train[-1] if train else (0, math.nan)
    fig, ax = figure(
        f"{title}: training loss {last:.2g} after {step} of {steps} steps",
        xlabel="optimizer step (triangle: checkpoint)" if saved else "optimizer step",
        ylabel=f"loss (nats per {per}, log scale)",
        size=(7.2, 3.4),
    )
    shown = [loss for _, loss in train + validation if LEAST < loss < MOST] or [1.0]
    bottom, top = min(shown) / 1.5, max(shown) * 1.5
    ax.set(yscale="log", xlim=(0, steps * 1.2), ylim=(bottom, top))
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= steps])
    curves = [("training", train, COLOURS["rag"], ""), ("validation", validation, COLOURS["prompt"], "o")]
    curves = sorted((curve for curve in curves if curve[1]), key=lambda curve: curve[1][-1][1])
    near = len(curves) == 2 and curves[1][1][-1][1] < curves[0][1][-1][1] * (top / bottom) ** 0.08
    alt = []
    for place, (name, points, color, marker) in enumerate(curves):
        x, y = zip(*points, strict=True)
        ax.plot(x, y, color=color, marker=marker, markersize=4)
        label_line(ax, x, y, name, color, dy=(-7, 7)[place] if near else 0)
        alt.append(f"{name} loss from {y[0]:.2g} at step {x[0]} to {y[-1]:.2g} at step {x[-1]}")
    if resumed:
        ax.axvline(resumed, color=DIM, linewidth=1, linestyle=":")
        ax.text(resumed, ax.get_ylim()[1], " resumed here", color=DIM, va="top")
        alt.append(f"resumed at step {resumed}")
    if saved:
        ax.plot(saved, [bottom] * len(saved), "^", color=DIM, markersize=6, clip_on=False)
        alt.append(f"checkpoints at steps {', '.join(map(str, saved))}")
    return fig, f"{title}: {'; '.join(alt)}; {steps} steps in all."


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
