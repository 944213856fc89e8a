"""Measure how fast a class is graded, beside its peers, in one run on this machine: `python -m benchmarks`.

Every grader gets the same submissions of lesson 6, solved, each with a trained adapter. `--quick` takes fewer of them
and leaves out the large classes. A busy machine makes all figures worse, and ratios only a little.
"""

import argparse
import importlib.util
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from course.start import quiet

STOCK, OTTER, ONE, TWO, OURS_IN_NBGRADER, FLOOR, PHASES = 4, 3, 20, 40, 6, 5, 6
QUICK = 1, 1, 0, 6, 0, 2, 2
SIZES, QUICK_SIZES = (10, 100, 1_000), (10,)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "finetuning-course-benchmarks"


def main() -> None:
    """Measure, print the tables and write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="take under two minutes, once the adapter is trained")
    parser.add_argument("--sizes", type=int, nargs="+", help="sizes of the classes by which growth is measured")
    parser.add_argument("--output", type=Path, default=Path("benchmark.json"), help="file to write")
    args = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    quiet()
    from . import report  # late: `quiet` comes before the libraries that it quiets

    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        found = measure(
            Path(folder), QUICK if args.quick else None, args.sizes or (QUICK_SIZES if args.quick else SIZES)
        )
    report.write(found, args.output)
    report.show(found)


def measure(folder: Path, quick: tuple[int, ...] | None, sizes: tuple[int, ...]) -> dict:
    """Measure everything in folders below `folder`."""
    import autograder.many.warm  # noqa: F401 - the floor's process has everything loaded

    from . import peers, report
    from .adapters import time_adapter
    from .breakdown import break_down
    from .classes import LIGHT, TRAINED, lesson_of, our_class, train
    from .floor import measure_floor

    say, started, load = Console(stderr=True).print, time.monotonic(), os.getloadavg()[0]
    lesson, light = lesson_of(light=False), lesson_of(light=True)
    stock, otter, one, two, in_nbgrader, floors, phases = quick or (
        STOCK, OTTER, ONE, TWO, OURS_IN_NBGRADER, FLOOR, PHASES
    )  # fmt: skip
    say(f"Training the adapter, unless it is in {CACHE}")
    CACHE.mkdir(parents=True, exist_ok=True)
    adapter = train(CACHE, TRAINED)
    graded = []
    for name, grade, students, options in (
        ("stock", peers.stock, stock, {}),
        ("otter", peers.otter, otter, {}),
        ("one", peers.ours, one, {"workers": 1}),
        ("two", peers.ours, two, {"workers": 2}),
        ("ours-in-nbgrader", peers.ours_in_nbgrader, in_nbgrader, {}),
    ):
        if name == "otter" and importlib.util.find_spec("otter") is None:
            say("Otter is not installed (pip install -e '.[bench]'): it is left out.")
        elif students:
            graded.append(grade(folder / name, lesson, students, adapter, **options))
            say(f"{graded[-1].grader}: {graded[-1].running_per_minute:.3g} submissions a minute")
    growth = []
    for size in sizes:
        growth.append(peers.ours(folder / f"light-{size}", light, size, None, workers=2))
        say(f"{size} light submissions: {growth[-1].running_per_minute:.3g} a minute")
    floor, evaluation = measure_floor(lesson, adapter, floors), time_adapter(adapter, floors)
    broken_down = {
        lesson.name: break_down(our_class(folder / "phases", lesson, phases + 1, adapter), lesson.name),
        LIGHT.name: break_down(our_class(folder / "light-phases", light, phases + 1, None), light.name),
    }
    return {
        "peers": graded, "floor": floor, "adapter": evaluation, "growth": growth, "phases": broken_down,
        "goals": report.goals(graded, floor.whole, growth),
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "load before": load,
                    "load after": os.getloadavg()[0], "seconds": time.monotonic() - started},
    }  # fmt: skip


if __name__ == "__main__":
    main()
