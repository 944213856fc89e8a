"""Run a command and meter it: seconds, processor time and memory of all its processes together.

    usage = run_metered(["nbgrader", "autograde", "lesson"], cwd=folder)
    usage.cpu_seconds, usage.peak_mb

Memory is PSS: a page that n processes share counts as a page once, and not n times. Processor time is read until a
process ends, every `TICK` seconds; what it uses after the last look is missed.
"""

import contextlib
import ctypes
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from autograder.sandbox.isolation import tree

TICK = 0.02
MEMORY_EVERY = 50  # ticks: adding up shared pages takes a while
MEGABYTE = 2**20
PR_SET_CHILD_SUBREAPER = 36


class CommandFailed(RuntimeError):
    """Say which command failed, with the end of what it printed."""


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    start_seconds: float = 0.0
    """Until the first submission was done."""
    start_cpu_seconds: float = 0.0
    end_seconds: float = 0.0
    """Until the last submission was done: what comes then is paid once for a class, like the start."""
    end_cpu_seconds: float = 0.0
    out: str = ""


class Meter:
    """Watch this process's descendants, other than those that were there before, while the body of a `with` runs."""

    def __init__(self):
        self.spent: dict[tuple[int, int], float] = {}
        self.peak = 0
        self.done = threading.Event()

    def __enter__(self) -> "Meter":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # whoever loses its parent stays in our tree
        self.before = set(tree(os.getpid()))
        self.started = time.monotonic()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._look()
        self.seconds = self.elapsed()
        self.done.set()
        self.thread.join()

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return time.monotonic() - self.started

    def cpu_seconds(self) -> float:
        """Return the processor time of all that was seen so far."""
        return sum(list(self.spent.values()))

    def usage(self) -> Usage:
        """Return what was metered."""
        return Usage(self.seconds, self.cpu_seconds(), self.peak / MEGABYTE)

    def _watch(self) -> None:
        ticks = 0
        while not self.done.wait(TICK):
            found = self._look()
            if ticks % MEMORY_EVERY == MEMORY_EVERY // 2:
                self.peak = max(self.peak, shared_fairly(found))
            ticks += 1

    def _look(self) -> list[int]:
        found = [pid for pid in tree(os.getpid()) if pid not in self.before]
        for pid in found:
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime: proc(5)
                self.spent[pid, int(fields[19])] = own  # a process is its id and when it started
        return found


def run_metered(command: list[str], cwd: Path, marks: str = "") -> Usage:
    """Run a command to its end and meter it; raises `CommandFailed`.

    `marks` is a pattern of lines that say that another submission is done.
    """
    with Meter() as meter:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process, lines, done = subprocess.Popen(command, cwd=cwd, **pipes), [], []
        for line in process.stdout:
            lines.append(line)
            if marks and re.match(marks, line):
                done.append((meter.elapsed(), meter.cpu_seconds()))
        process.wait()
    if process.returncode:
        raise CommandFailed(f"{' '.join(command[:6])} failed:\n{''.join(lines)[-2_000:]}")
    first, last = (done[0], done[-1]) if done else ((0.0, 0.0), (0.0, 0.0))
    return replace(
        meter.usage(),
        start_seconds=first[0], start_cpu_seconds=first[1], end_seconds=last[0], end_cpu_seconds=last[1],
        out="".join(lines),
    )  # fmt: skip


def shared_fairly(pids: Iterable[int]) -> int:
    """Sum the proportional set sizes of processes, in bytes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(psutil.Error, OSError):
            total += psutil.Process(pid).memory_full_info().pss
    return total
