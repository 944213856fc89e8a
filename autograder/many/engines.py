"""Start what grades many submissions at once: processes here, or the workers of a Dask cluster."""

import enum
import multiprocessing
import os
import signal
import threading
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import forkserver

from ..judging.grading import Work
from ..sandbox.host import SandboxUnavailable, Zygote
from .workers import PATIENCE, grade_to_text, start_worker


class Death(enum.Enum):
    """What an exception of a future says about workers: none died, the one that had this work, or all of them."""

    NONE, ONE, ALL = range(3)


class LocalPool:
    """Worker processes on this machine, and the zygote that forks their learners' kernels.

    `warm` ones are forked from processes that have the libraries loaded; `sandboxed` ones share one zygote.
    """

    def __init__(self, size: int, warm: bool = True, sandboxed: bool = True):
        self.size, self.warm = size, warm
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([f"{__package__}.{'warm' if warm else 'workers'}", "autograder.cli"])
        os.environ["OMP_NUM_THREADS"] = "1"  # workers share the processors between them already
        self.zygote = Zygote(cold=not warm) if sandboxed else None
        _start_forkserver()
        self.executor = self._start()
        if self.zygote:
            try:
                self.zygote.wait_until_warm()
            except BaseException:
                self.close(at_once=True)
                raise

    def submit(self, work: Work) -> Future:
        """Begin to grade."""
        if self.zygote:
            work = replace(work, options=replace(work.options, zygote=self.zygote.address))
        return self.executor.submit(grade_to_text, work)

    def death(self, problem: BaseException) -> Death:
        """Tell whether a worker died; raises `SandboxUnavailable` when there is no sandbox to be had."""
        if isinstance(problem, SandboxUnavailable):
            if not self.zygote:
                raise problem
            if self.zygote.process.poll() is not None:
                self.zygote.close()
                self.zygote = Zygote(cold=not self.warm)
            self.zygote.wait_until_warm()  # several works may have lost the one before
            return Death.ONE
        return Death.ALL if isinstance(problem, BrokenProcessPool) else Death.NONE

    def restart(self) -> None:
        """Start new workers after a death; raises `OSError` when they die before they have anything to do."""
        self.executor.shutdown(wait=False)
        self.executor = self._start()
        try:
            self.executor.submit(os.getpid).result()
        except BrokenProcessPool:
            raise OSError("Worker processes die as soon as they start on this machine.") from None

    def close(self, at_once: bool = False) -> None:
        """End the workers, `at_once` in the middle of their work."""
        self.executor.shutdown(wait=not at_once, cancel_futures=True)
        children = multiprocessing.active_children() if at_once else []
        for child in children:
            child.terminate()
        for child in children:
            child.join(PATIENCE)
            if child.is_alive():
                child.kill()
        if self.zygote:
            self.zygote.close()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.size, self.context, initializer=start_worker)


class Cluster:
    """The workers of a Dask cluster; submissions travel to them, for they may not see the class folder."""

    def __init__(self, address: str):
        try:
            from distributed import Client
        except ImportError:
            raise ValueError("A cluster needs an extra: pip install 'finetuning-course[cluster]'.") from None
        try:
            self.client = Client(address, timeout=20, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as problem:
            raise ValueError(f"No Dask scheduler answers at {address}: {problem}") from problem
        self.size = len(self.client.scheduler_info(n_workers=-1)["workers"])
        if not self.size:
            self.client.close()
            raise ValueError(f"The scheduler at {address} has no workers; start some with `dask worker {address}`.")
        self.executor = self.client.get_executor(pure=False)

    def submit(self, work: Work) -> Future:
        """Begin to grade."""
        return self.executor.submit(grade_to_text, work.carry())

    def death(self, problem: BaseException) -> Death:
        """Tell whether a worker died; raises `ConnectionError` when the cluster, or a sandbox, is gone."""
        if isinstance(problem, SandboxUnavailable):
            raise problem
        if isinstance(problem, CancelledError):
            raise ConnectionError("The Dask scheduler is gone.") from problem
        return Death.ONE if type(problem).__name__ == "KilledWorker" else Death.NONE

    def restart(self) -> None:
        """Leave new workers to the cluster, which starts them itself."""

    def close(self, at_once: bool = False) -> None:
        """Leave the cluster; what it is still doing is forgotten there."""
        self.executor.shutdown(wait=not at_once)
        self.client.close()


Engine = LocalPool | Cluster


def _start_forkserver() -> None:
    """Start the process that forks workers so that Ctrl-C does not reach it."""
    if threading.current_thread() is not threading.main_thread():
        return forkserver.ensure_running()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
