"""Be the learner's kernel: `prepare` in the warm process, once, and `run_kernel` in each fork that is shut in.

Whatever a fork writes to, the system copies first, 4 kilobytes at a time; Python writes to all that it merely looks at.
So what every kernel does alike is done before the fork.
"""

import contextlib
import os
import random
import sys
from types import ModuleType, SimpleNamespace
from unittest import mock

from ipykernel import ipkernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core import shellapp
from IPython.core.application import BaseIPythonApplication

from ..judging.limits import Limits
from . import isolation

FIRST_DESCRIPTOR = 3
ARGUMENTS = ["--HistoryManager.hist_file=:memory:", "--IPythonKernel._execute_sleep=0"]


class _ConfiguredOnce(BaseIPythonApplication):
    is_configured = False

    def initialize(self, argv: list[str] | None = None) -> None:
        if not self.is_configured:
            super().initialize(argv)
            self.is_configured = True


class _Kernel(ipkernel.IPythonKernel):
    def __init__(self, **kwargs):
        with _no_modules(ipkernel):  # it lists the files of all, for a debugger
            super().__init__(**kwargs)


class _KernelApp(IPKernelApp, _ConfiguredOnce):
    """Calls, on its way up, `_ConfiguredOnce.initialize`."""

    def init_code(self) -> None:
        with _no_modules(shellapp):  # it lists the names of all, for `%reset`
            super().init_code()
        self.shell._sys_modules_keys = self.modules


def prepare() -> None:
    """Make the kernel's application and configure it; it has no thread and no socket yet."""
    app = _KernelApp.instance(connection_file=f"{isolation.RUN}/connection.json", kernel_class=_Kernel, log_level=50)
    _ConfiguredOnce.initialize(app, ARGUMENTS)
    app.modules = set(sys.modules)


def run_kernel(limits: Limits, bound: int, go: int) -> None:
    """Bind the kernel's sockets, say so on the descriptor `bound`, wait for `go`, and run until the end."""
    _close_all_but(bound, go)
    isolation.give_up_rights(limits)
    os.setsid()
    os.chdir(isolation.SUBMISSION)
    _reseed()
    app = _KernelApp.instance()
    os.makedirs(app.profile_dir.location)  # what `prepare` made is out of sight
    app.profile_dir.check_dirs()
    app.initialize()
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


def _no_modules(owner: ModuleType) -> contextlib.AbstractContextManager:
    """Keep `owner` from looking at each of 3,000 modules: more than a third of what a kernel's start would cost."""
    return mock.patch.object(owner, "sys", SimpleNamespace(**vars(sys) | {"modules": {}}))
