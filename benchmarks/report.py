"""Show what was measured as tables, beside the goals, and keep it as JSON."""

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from rich.console import Console, Group
from rich.table import Table

from .peers import Measured

THROUGHPUT, OVERHEAD, WORKER_MB, FLATNESS = 20.0, 0.5, 400.0, 1.2
WIDE = 180  # columns of tables in a log


def tables(found: dict) -> Group:
    """Lay out all that `found` holds: `peers`, `floor`, `adapter`, `growth`, `phases` and `goals`."""
    return Group(
        _peers(found["peers"], found["floor"]),
        _growth(found["growth"]),
        _adapter(found["adapter"]),
        _phases(found["phases"]),
        _goals(found["goals"]),
    )


def goals(peers: list[Measured], floor: float, growth: list[Measured]) -> list[tuple[str, float, str, bool]]:
    """Compare what was measured with what is wanted: (what, figure, goal, met)."""
    stock = next(one for one in peers if one.grader.startswith("nbgrader") and "our" not in one.grader)
    our = [one for one in peers if one.grader.startswith("autograder")]
    most = max(our, key=lambda one: one.workers)
    lines = [
        (f"throughput of {most.workers} workers beside stock nbgrader, running", most.running_per_minute
         / stock.running_per_minute, f"at least {THROUGHPUT:g} ×", THROUGHPUT, True),
        ("processor seconds a submission over the floor", min(one.cpu_each for one in our) - floor,
         f"at most {OVERHEAD:g} s", OVERHEAD, False),
    ]  # fmt: skip
    if len(our) > 1:
        first, second = sorted(our, key=lambda one: one.workers)[:2]
        more = (second.usage.peak_mb - first.usage.peak_mb) / (second.workers - first.workers)
        lines.append(("memory of one more worker", more, f"under {WORKER_MB:g} MB", WORKER_MB, False))
    if len(growth) > 2:
        costs = [_more_cost(small, large) for small, large in pairwise(growth)]
        sizes = [one.submissions for one in growth]
        what = f"processor time each, from {sizes[-2]} to {sizes[-1]} submissions beside from {sizes[0]} to {sizes[1]}"
        lines.append((what, costs[-1] / costs[0], f"at most {FLATNESS:g} ×", FLATNESS, False))
    return [
        (what, figure, goal, figure >= bound if more else figure <= bound) for what, figure, goal, bound, more in lines
    ]


def _more_cost(small: Measured, large: Measured) -> float:
    """Return the processor seconds of one more submission; what is paid once, and work in advance, cancels out."""
    return (large.usage.cpu_seconds - small.usage.cpu_seconds) / (large.submissions - small.submissions)


def write(found: dict, path: Path) -> None:
    """Write all that was measured as JSON."""
    plain = found | {
        "peers": [one.as_dict() for one in found["peers"]],
        "growth": [one.as_dict() for one in found["growth"]],
        "floor": asdict(found["floor"]) | {"whole": found["floor"].whole},
    }
    path.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def show(found: dict) -> None:
    """Print the tables."""
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(tables(found))


def _peers(peers: list[Measured], floor) -> Table:
    table = Table(title="The same submissions of lesson 6, one grader after the other", title_justify="left")
    table.add_column("grader")
    for name in ("submissions", "a minute", "running", "CPU s each", "over the floor", "peak MB (PSS)"):
        table.add_column(name, justify="right")
    for one in peers:
        table.add_column(f"beside {_short(one)}", justify="right")
    for one in peers:
        ratios = [f"{one.running_per_minute / other.running_per_minute:.3g} ×" for other in peers]
        table.add_row(
            one.grader, str(one.submissions), f"{one.per_minute:.3g}", f"{one.running_per_minute:.3g}",
            f"{one.cpu_each:.2f}", f"{one.cpu_each - floor.whole:+.2f}", f"{one.usage.peak_mb:,.0f}", *ratios,
        )  # fmt: skip
    words = f"the floor: cells {floor.learner:.2f} s, tests {floor.tests:.2f} s"
    table.add_row(words, "", "", "", f"{floor.whole:.2f}", "", "", *[""] * len(peers))
    table.caption = "“running”, which the ratios compare, is from the first submission to the last one."
    return table


def _short(one: Measured) -> str:
    if one.grader.startswith("autograder"):
        return f"ours, {one.workers}"
    return "otter" if one.grader.startswith("otter") else "nbgrader, ours" if "our" in one.grader else "nbgrader"


def _growth(growth: list[Measured]) -> Table:
    names = ("light submissions", "a minute", "running", "CPU s each", "start, s", "peak MB (PSS)")
    table = Table(*names, title="How cost grows with the class", title_justify="left")
    for one in growth:
        table.add_row(
            str(one.submissions), f"{one.per_minute:.3g}", f"{one.running_per_minute:.3g}", f"{one.cpu_each:.2f}",
            f"{one.usage.start_seconds:.1f}", f"{one.usage.peak_mb:,.0f}",
        )  # fmt: skip
    return table


def _adapter(adapter: dict[str, float]) -> Table:
    table = Table("an adapter's evaluation alone", "seconds", "beside the first", title_justify="left")
    first = next(iter(adapter.values()))
    for name, seconds in adapter.items():
        table.add_row(name, f"{seconds:.2f}", f"{seconds / first:.3g} ×")
    return table


def _phases(phases: dict[str, list]) -> Table:
    table = Table(title="Where the time of a submission goes, one worker", title_justify="left", caption_justify="left")
    for name in ("lesson", "phase", "seconds", "CPU s", "share of CPU"):
        table.add_column(name, justify="left" if name in ("lesson", "phase") else "right")
    sums = []
    for lesson, rows in phases.items():
        rows, whole = sorted(rows, key=lambda row: -row[2]), sum(row[2] for row in rows)
        for name, seconds, cpu_seconds in rows:
            table.add_row(lesson, name, f"{seconds:.3f}", f"{cpu_seconds:.3f}", f"{cpu_seconds / whole:.0%}")
        table.add_row(lesson, "all of it", f"{sum(row[1] for row in rows):.3f}", f"{whole:.3f}", "")
        table.add_section()
        most = ", ".join(f"{name} {cpu_seconds / whole:.0%}" for name, _, cpu_seconds in rows[:3])
        sums.append(f"{lesson}: {whole:.2f} s of processor time, most of it in {most}.")
    table.caption = "\n".join(sums)
    return table


def _goals(lines: list[tuple[str, float, str, bool]]) -> Table:
    table = Table("goal", "measured", "wanted", "", title_justify="left")
    for what, figure, goal, met in lines:
        table.add_row(what, f"{figure:.3g}", goal, "[green]✔[/]" if met else "[red]✘[/]")
    return table
