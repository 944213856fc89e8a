"""Say where the time goes: one worker's work on a submission, phase by phase, and the writer's.

A phase's figures do not include those of the phases inside it. Processor time is this process's, the worker's; what
the sandbox spends is a line of its own.
"""

import contextlib
import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from autograder.gradebook import ledger, preprocessors, writing
from autograder.judging import grading, judge
from autograder.judging.learner import Learner
from autograder.many.plan import make_plan
from autograder.sandbox import host, ready
from autograder.sandbox.isolation import processor_seconds, tree
from course.ladder import behaviour, climbing, decoding

GRADING, WRITING, KERNEL = (
    "worker: all else",
    "writer: nbgrader's converter, all else",
    "sandbox: the kernel's own work",
)
PHASES = (
    ("worker: hash and copy files", grading, ("_take", "_inputs", "copy_files")),
    ("worker: read and rebuild the notebook", grading, ("find_submission", "rebuild")),
    ("worker: wait for a fork", host.SandboxedKernel, ("__init__",)),
    ("worker: connect, boot and end the kernel", Learner, ("__enter__", "close")),
    ("worker: run the learner's cells", Learner, ("run",)),
    ("worker: run the tests", judge, ("run_test",)),
    ("worker: call the learner's functions", Learner, ("ask",)),
    ("adapter: check its files", climbing, ("climb",)),
    ("adapter: answer tickets", decoding, ("decode",)),
    ("adapter: perplexity", behaviour, ("perplexity",)),
    ("writer: rebuild the notebook", preprocessors.Rebuild, ("preprocess",)),
    ("writer: read the stored result", preprocessors.JudgeCells, ("preprocess",)),
    ("writer: save verdicts", preprocessors.SaveVerdicts, ("preprocess",)),
    ("writer: ledger", ledger.Ledger, ("append",)),
)


@dataclass
class Stopwatch:
    """Adds up seconds and processor seconds of phases, by name."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu_seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    inner: list[list[float]] = field(default_factory=lambda: [[0.0, 0.0]])

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time the body of a `with`, less the phases inside it."""
        started = time.perf_counter(), time.process_time()
        self.inner.append([0.0, 0.0])
        try:
            yield
        finally:
            took = time.perf_counter() - started[0], time.process_time() - started[1]
            within = self.inner.pop()
            for totals, whole, part in zip((self.seconds, self.cpu_seconds), took, within, strict=True):
                totals[name] += whole - part
            self.inner[-1] = [before + whole for before, whole in zip(self.inner[-1], took, strict=True)]

    def timing(self, name: str, function: Callable) -> Callable:
        """Wrap a function in a phase."""

        @functools.wraps(function)
        def timed(*args: object, **kwargs: object) -> object:
            with self.phase(name):
                return function(*args, **kwargs)

        return timed


def break_down(folder: Path, lesson: str) -> list[tuple[str, float, float]]:
    """Grade a class here, in one process; return (phase, seconds, processor seconds) of a submission."""
    app = writing.open_class(folder)
    plan = make_plan(app, lesson)
    works, watch = list(plan.works.items()), Stopwatch()
    ready.own_zygote()
    grading.grade_submission(works[0][1])  # the first one warms up
    with contextlib.ExitStack() as stack:
        for name, owner, functions in PHASES:
            for function in functions:
                timed = watch.timing(name, getattr(owner, function))
                stack.enter_context(mock.patch.object(owner, function, timed))
        stack.enter_context(mock.patch.object(Learner, "close", _noting_kernel(watch, Learner.close)))
        writer = stack.enter_context(writing.Writer(app, lesson))
        for student, work in works[1:]:
            with watch.phase(GRADING):
                graded = grading.grade_submission(work)
            plan.results.save(graded)
            with watch.phase(WRITING):
                writer.write(student)
    ready.close()
    count = len(works) - 1
    return [(name, watch.seconds[name] / count, watch.cpu_seconds[name] / count) for name in sorted(watch.seconds)]


def _noting_kernel(watch: Stopwatch, close: Callable) -> Callable:
    """Note the processor time of a learner's processes before they end."""

    def closing(learner: Learner) -> None:
        pid = learner.manager.provisioner.pid if learner.manager.has_kernel else None
        watch.cpu_seconds[KERNEL] += sum(map(processor_seconds, tree(pid))) if pid else 0.0
        watch.seconds[KERNEL] += 0.0
        close(learner)

    return closing
