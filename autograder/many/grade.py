"""Grade all submissions of a lesson, many at once: `autograder grade LESSON`.

Workers compute results, which are stored in the class folder as they come; this process alone writes the gradebook,
with nbgrader's own converter. Run it again after an interruption, and only what is missing is graded.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
from rich.console import Console

from ..arguments import add_class, add_gradebook, add_lesson
from ..cells import SETUP, key, runs
from ..gradebook.writing import GradebookLost, Writer, open_class
from ..judging.grading import Graded, Work, could_not_be_graded, inputs_of
from ..judging.options import SANDBOX
from .crew import Crew
from .display import Display, show_tally
from .engines import Cluster, LocalPool
from .plan import Plan, make_plan
from .tally import PENDING, Line, Tally

RESUME = "Nothing is lost: give the same command again, and it goes on where it stopped"
INTERRUPTED = "You interrupted it."
OTHER_VERSIONS = "The worker has other versions of Python, the libraries or the course than this machine."


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("grade", help="grade all submissions of a lesson", description=__doc__)
    add_lesson(parser)
    add_class(parser)
    parser.add_argument("--student", default="", help="grade this student only")
    parser.add_argument(
        "--workers", type=int, default=processors(), help="processes to grade with (default: %(default)s)"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="grade on a Dask cluster, for example tcp://host:8786")
    add_gradebook(parser)
    parser.add_argument("--force", action="store_true", help="grade again what is graded already")
    parser.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    parser.add_argument("--unsafe", action="store_true", help="grade without isolation; every result will say so")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Grade; return 0 when nothing is pending, 1 when something is, 2 when the run had to stop, 130 after Ctrl-C."""
    if args.workers < 1:
        raise ValueError(f"--workers is {args.workers}; make it at least 1.")
    console = Console(file=sys.stderr if args.json else sys.stdout)
    app = open_class(args.folder, args.db)
    if args.unsafe:
        app.config.JudgeCells.unsafe = True
    plan = make_plan(app, args.lesson, args.student, args.force)
    tally = Tally(args.lesson, dict.fromkeys(plan.works, Line(PENDING)), len(plan.written))
    for student, graded in plan.written.items():
        tally.add(student, graded)
    by_hand: list[str] = []
    try:
        with Writer(app, args.lesson) as writer:
            grade(plan, writer, tally, args.workers, args.scheduler, console)
            by_hand = writer.waiting_for_a_human()
    except (GradebookLost, OSError) as problem:
        tally.stopped = str(problem)
    if args.json:
        print(json.dumps(tally.as_dict(), indent=2))
    else:
        show_tally(console, tally)
        if tally.count(PENDING):
            console.print(RESUME + (" (without --force)" if args.force else "") + ".")
        if by_hand:
            console.print(f"{len(by_hand)} answers in words wait in the formgrader: {', '.join(by_hand)}.")
    if tally.stopped:
        return 130 if tally.stopped == INTERRUPTED else 2
    return 1 if tally.count(PENDING) else 0


def grade(plan: Plan, writer: Writer, tally: Tally, workers: int, scheduler: str | None, console: Console) -> None:
    """Write what is stored, grade what is left, and count it; raises `GradebookLost`, or `OSError` for a full disk."""
    works = plan.to_grade()
    display = Display(console, len(plan.works) - len(plan.written))

    def write(student: str, graded: Graded) -> None:
        try:
            writer.write(student)
            display.add(student, tally.add(student, graded))
        except GradebookLost:
            raise
        except ValueError as problem:
            tally.lines[student] = line = Line(PENDING, reason=str(problem))
            display.add(student, line)

    with contextlib.ExitStack() as stack:
        crew = None
        if works:
            engine = Cluster(scheduler) if scheduler else local_pool(min(workers, len(works)), works)
            crew = stack.enter_context(Crew(engine))
        stopped = stack.enter_context(stop_on_signals(crew))
        stack.enter_context(display.showing())
        for student, graded in plan.stored.items():
            if stopped.is_set():
                break
            write(student, graded)
        for key, outcome in crew.grade(works) if crew else ():
            if not isinstance(outcome, str) and outcome.inputs.key != inputs_of(works[key]).key:
                outcome = OTHER_VERSIONS
            graded = could_not_be_graded(works[key], outcome) if isinstance(outcome, str) else outcome
            plan.results.save(graded)
            for student in plan.students_of(key):
                write(student, graded)
        if stopped.is_set():
            tally.stopped = INTERRUPTED


def local_pool(workers: int, works: dict[str, Work]) -> LocalPool:
    """Start workers here, warmed up unless a lesson's graded cells use nothing that takes long to import."""
    work = next(iter(works.values()))
    master = nbformat.read(Path(work.source, f"{work.notebook}.ipynb"), as_version=4)
    code = "\n".join(cell.source for cell in master.cells if runs(cell) and key(cell) != SETUP)
    warm = any(name in code for name in ("torch", "course.ladder", "course.models", "transformers", "peft", "datasets"))
    return LocalPool(workers, warm, work.options.isolation == SANDBOX)


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def stop_on_signals(crew: Crew | None) -> Iterator[threading.Event]:
    """End after the submission that is being written, on Ctrl-C or when told to terminate; on a second one, now."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        if crew:
            crew.stopping = True

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
