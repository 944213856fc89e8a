"""Time the evaluation of an adapter alone: with the grader's base kept, and with base and adapter loaded afresh.

Three ways: the base is kept; the base is loaded again; a fresh Python process imports the libraries and loads both.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from course.ladder import climb
from course.ladder.base import grader_base
from course.ladder.behaviour import base_perplexity

AFRESH = "import sys; from course.ladder import climb; climb(sys.argv[1], show=False, say=lambda line: None)"


def time_adapter(adapter: Path, times: int) -> dict[str, float]:
    """Return medians of seconds for each way."""

    def kept() -> None:
        climb(adapter, show=False, say=lambda _: None)

    def base_afresh() -> None:
        grader_base.cache_clear()
        base_perplexity.cache_clear()
        kept()

    def process_afresh() -> None:
        subprocess.run([sys.executable, "-c", AFRESH, str(adapter)], check=True, capture_output=True)

    kept()  # warms up
    ways = {"base kept": kept, "base loaded afresh": base_afresh, "process started afresh": process_afresh}
    return {name: _median(act, times) for name, act in ways.items()}


def _median(act: Callable[[], None], times: int) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
