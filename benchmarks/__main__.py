"""Measure two things that a class waits for, each beside its plain alternative: `python -m benchmarks`.

Grading an adapter with the base kept in memory, against loading the base afresh; and asking a learner's kernel for the
result of a call, against calling the same function here.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.learner import Learner
from autograder.remote import Conversation
from course.ladder import climb
from course.ladder.behaviour import grader_base
from course.models import load_base
from course.start import quiet


def main() -> None:
    """Measure and print one table."""
    quiet()
    table = Table("what", "seconds", "beside", "seconds", "ratio", title="Medians on this machine")
    with tempfile.TemporaryDirectory() as folder:
        for what, ours, beside, theirs in (*adapter_grading(Path(folder)), *learner_calls(Path(folder))):
            table.add_row(what, f"{ours:.4f}", beside, f"{theirs:.4f}", f"{theirs / ours:.3g} ×")
    Console().print(table)


def adapter_grading(folder: Path) -> list[tuple[str, float, str, float]]:
    """Time the ladder on an adapter of three steps, with the grader's base kept and loaded again each time."""
    from course.data import draw_tickets, prompt_completion
    from course.training import save_adapter, train_adapter  # late: `quiet` comes first

    base = load_base("bundled", four_bit=True)
    run = train_adapter(base, draw_tickets(48, seed=1).map(prompt_completion), folder / "run", steps=3)
    save_adapter(run.model, base.tier, folder / "adapter")

    def afresh() -> None:
        grader_base.cache_clear()
        climb(folder / "adapter", show=False, say=lambda _: None)

    afresh_seconds = median(afresh, 3)
    kept_seconds = median(lambda: climb(folder / "adapter", show=False, say=lambda _: None), 3)
    return [("an adapter, base kept", kept_seconds, "base loaded afresh", afresh_seconds)]


def learner_calls(folder: Path) -> list[tuple[str, float, str, float]]:
    """Time a call that crosses into the learner's kernel and back, and the same call in this process."""
    source = "def double(x):\n    return [2 * item for item in x]"
    here: dict = {}
    exec(source, here)
    numbers = list(range(100))
    with Learner(folder) as learner:
        learner.run(source)
        double = Conversation(learner).look("double")
        across = median(lambda: double(numbers), 50)
    return [("a call in the learner's kernel", across, "in this process", median(lambda: here["double"](numbers), 50))]


def median(act: Callable[[], object], times: int) -> float:
    """Return the median of an action's seconds."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
