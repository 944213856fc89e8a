"""Become a learner's Jupyter kernel, in a process that `isolation` has shut in."""

import contextlib
import os
import random
import sys

from ..judging.limits import Limits
from . import isolation

FIRST_DESCRIPTOR = 3


def run_kernel(limits: Limits, bound: int, go: int) -> None:
    """Bind the kernel's sockets, say so on the descriptor `bound`, wait for `go`, and run until the end."""
    _close_all_but(bound, go)
    isolation.give_up_rights(limits)
    os.setsid()
    os.chdir(isolation.SUBMISSION)
    _reseed()
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance(
        connection_file=f"{isolation.RUN}/connection.json",
        log_level=50,
    )
    app.initialize(["--HistoryManager.hist_file=:memory:", "--IPythonKernel._execute_sleep=0"])
    os.write(bound, b"!")
    os.read(go, 1)
    for descriptor in (bound, go):
        os.close(descriptor)
    app.start()


def _close_all_but(*kept: int) -> None:
    """Leave nothing open that the warm process had open, and point the standard streams nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(FIRST_DESCRIPTOR):
        os.dup2(nowhere, stream)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor >= FIRST_DESCRIPTOR and descriptor not in kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _reseed() -> None:
    """Draw new seeds: forks of one process would all draw the same numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
