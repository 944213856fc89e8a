"""Show how far grading is: a live bar on a terminal, a line for each submission elsewhere."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..judging.verdict import UNGRADED
from .tally import GRADED, PENDING, Line, Tally


class Display:
    """Tell the instructor what became of each submission."""

    def __init__(self, console: Console, total: int):
        self.console, self.total = console, total
        self.done = self.not_gradable = 0
        self.started = time.monotonic()
        self.progress: Progress | None = None

    @contextlib.contextmanager
    def showing(self) -> Iterator["Display"]:
        """Show the bar while the body runs, on a terminal."""
        if not self.console.is_terminal or not self.total:
            yield self
            return
        columns = (
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left [dim]{task.description}"),
        )
        with Progress(*columns, console=self.console, speed_estimate_period=300) as self.progress:
            self.task = self.progress.add_task("starting workers", total=self.total, rate="")
            yield self

    def add(self, student: str, line: Line) -> None:
        """Count one more submission."""
        self.done += line.state != PENDING
        self.not_gradable += line.state == UNGRADED
        words = f"{line.score:g} of {line.maximum:g} points" if line.state == GRADED else f"{line.state}: {line.reason}"
        if not self.progress:
            self.console.print(
                f"{self.done} of {self.total} · {student}: {words}", markup=False, highlight=False, soft_wrap=True
            )
            return
        rate = f"{self._per_minute():.3g} a minute"
        failed = f", {self.not_gradable} not gradable" if self.not_gradable else ""
        self.progress.update(self.task, completed=self.done, rate=rate + failed, description=escape(student))

    def _per_minute(self) -> float:
        return 60 * self.done / max(time.monotonic() - self.started, 1e-9)


def show_tally(console: Console, tally: Tally) -> None:
    """Print the sum, and everybody who was not graded with the reason."""
    for student, line in sorted(tally.lines.items()):
        if line.state == UNGRADED or (line.state == PENDING and line.reason):
            console.print(f"[yellow]?[/] {escape(student)}, {line.state}: {escape(line.reason)}", highlight=False)
    graded_before = f" ({tally.unchanged} unchanged since before)" if tally.unchanged else ""
    unsafe = ", [bold]without isolation[/]" if tally.isolation == "none" else ""
    console.print(f"{tally.lesson}: {tally.sentence}{graded_before}{unsafe}", highlight=False, soft_wrap=True)
    if tally.stopped:
        console.print(f"[bold red]Stopped.[/] {escape(tally.stopped)}", highlight=False)
