"""Run a learner's cells in a kernel of their own, and ask that kernel for values and for calls of functions.

    with Learner(folder) as learner:
        learner.run("def double(x): return 2 * x")
        decode(learner.ask(encode({"name": "double", "args": [4], "kwargs": {}})))  # {"value": 8}

The kernel is forked from a warm process and shut in (see `sandbox`), unless the options ask for no isolation.
"""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import TypeVar

import zmq
from jupyter_client.channels import ZMQSocketChannel

from ..sandbox.homes import make_readable
from ..sandbox.host import SandboxedKernel, SandboxUnavailable
from ..sandbox.isolation import processor_seconds, resident_memory, tree
from ..sandbox.zygote import ENDED
from .booting import boot_cell
from .codec import MARKS, MAX_BYTES
from .line import Line
from .managing import environment, make_manager
from .options import SANDBOX, KernelOptions
from .outputs import Ran

FLOOD = 32 * 2**20  # bytes of output after which nobody reads on
HOARD = 4 * MAX_BYTES  # that this process may grow by while it waits: messages that never end pile up in it
UNREADABLE = "The learner's kernel sent a message that cannot be read."
HOARDED = "sent more than can be read."
LOST = "The sandbox ended while it was in use."
PATIENCE = 5  # a busy grading machine must not cost an honest learner points
GRACE = 2  # seconds between an interrupt and the end
TIDY = 5  # seconds to wait for the rest of what a cell or a call has put out
POLL = 0.2  # seconds between two looks at whether the kernel still lives

T = TypeVar("T")


class LearnerGone(Exception):
    """Say in a sentence why the learner's kernel no longer answers."""


class Learner:
    """The learner's process: a Jupyter kernel that has a copy of `folder` and knows how to answer questions."""

    def __init__(self, folder: Path, options: KernelOptions | None = None):
        self.folder, self.options = Path(folder), options or KernelOptions()
        self.sandboxed = self.options.isolation == SANDBOX
        self.settings = TemporaryDirectory(prefix="kernel-")  # private (0700): an unconfined kernel's sockets lie there
        self.manager = make_manager(self.options, Path(self.settings.name))
        self.client, self.line, self.calls = None, None, Ran()
        self.welcomed, self.idle_after = False, None

    def __enter__(self) -> "Learner":
        try:
            self.manager.start_kernel(
                cwd=str(self.folder),
                env=environment(Path(self.settings.name)),
                extra_arguments=["--HistoryManager.hist_file=:memory:"],
                stdout=DEVNULL,
                stderr=DEVNULL,
            )
            self._connect()
        except BaseException as problem:
            self.close()
            if isinstance(problem, Exception) and not isinstance(problem, SandboxUnavailable):
                raise LearnerGone(f"The kernel did not start: {problem}") from problem
            raise
        return self

    def _connect(self) -> None:
        self.client, patience = self.manager.blocking_client(), self.options.start_timeout
        self.client.session.unpack = _read_json
        self.client.start_channels(stdin=False, hb=False, control=False)
        self._wait(lambda: self.welcomed or None, patience, "The start", Ran())
        self.line = Line(self.kernel.sockets if self.kernel else Path(self.settings.name))
        address = self.kernel.show(self.line.path) if self.kernel else self.line.address
        if error := self.run(boot_cell(address, self.sandboxed), patience).error:
            raise LearnerGone(error)
        self.line.connect()

    @property
    def kernel(self) -> SandboxedKernel | None:
        """The sandboxed kernel, if it is one."""
        return self.manager.provisioner.kernel if self.sandboxed else None

    @property
    def shared(self) -> Path | None:
        """Folder that the judge writes and the learner reads, under one path; None where that holds for any folder."""
        return self.kernel.shared if self.kernel else None

    def share(self) -> None:
        """Let the learner's code read what the judge has written into the shared folder."""
        if self.sandboxed:
            make_readable(self.shared)

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and forget its settings."""
        if self.line:
            self.line.close()
        if self.client:
            self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.manager.context.destroy(linger=0)
        self.settings.cleanup()

    def run(self, source: str, timeout: float | None = None, silent: bool = False) -> Ran:
        """Run a cell; raises `LearnerGone` when the kernel dies, or does not stop at the end of its time."""
        sent = self.client.execute(source, silent=silent, store_history=False, allow_stdin=False, stop_on_error=False)
        ran, shell = (self.calls if silent else Ran()), self.client.shell_channel

        def reply() -> dict | None:
            with contextlib.suppress(Empty):
                message = self._receive(shell)
                if message["parent_header"].get("msg_id") == sent and message["msg_type"] == "execute_reply":
                    return message["content"]
            return None

        found = self._wait(reply, timeout or self.options.cell_timeout, "The cell", ran, shell.socket)
        if found.get("status") == "error":
            ran.error = f"{found.get('ename', 'Error')}: {found.get('evalue', '')}"[:500]
        room, enough = resident_memory() + HOARD, time.monotonic() + TIDY  # a flood can swallow the idle message
        while self.idle_after != sent and time.monotonic() < enough and self._take_output(ran, timeout=1):
            if resident_memory() > room:
                raise LearnerGone(f"The cell {HOARDED}")
        return ran

    def ask(self, question: str, what: str = "The call") -> str:
        """Send an encoded question (see `answering`) and return the answer's text; raises `LearnerGone`."""
        self.line.ask(question)
        return self._wait(self.line.go_on, self.options.call_timeout, what, self.calls, self.line.socket)

    def printed(self) -> str:
        """Take what calls have printed since the last time; raises `LearnerGone`."""
        self.run("", silent=True)  # what was printed, or answered, before has come when this is done
        if not self.line.is_quiet():
            raise LearnerGone(UNREADABLE)
        ran, self.calls = self.calls, Ran()
        return "".join(output.text for output in ran.outputs if output.output_type == "stream")

    def _wait(
        self, answer: Callable[[], T | None], timeout: float, what: str, ran: Ran, where: zmq.Socket | None = None
    ) -> T:
        """Wait for an `answer`, which comes `where` (or among the outputs), and keep what is put out meanwhile."""
        started = looked = time.monotonic()  # most answers come before the first look, which would cost more than they
        before, interrupted, room = None, 0.0, resident_memory() + HOARD
        outputs, poller = self.client.iopub_channel.socket, zmq.Poller()
        poller.register(outputs, zmq.POLLIN)
        while True:
            if (found := self._attempt(answer, what)) is not None:
                if interrupted:
                    raise LearnerGone(_too_slow(what, timeout))
                return found
            if where:
                sending = self.line and where is self.line.socket and self.line.is_sending
                poller.register(where, zmq.POLLIN | (zmq.POLLOUT if sending else 0))
            ready = dict(poller.poll(POLL * 1000))
            if outputs in ready and self._take_output(ran) and ran.kept > FLOOD:
                raise LearnerGone(f"{what} printed more than {FLOOD // 2**20} MB (is there an endless loop?).")
            if (now := time.monotonic()) < looked + POLL:
                continue
            looked = now
            self._check_alive(what)
            if resident_memory() > room:
                raise LearnerGone(f"{what} {HOARDED}")
            if interrupted and now > interrupted + GRACE:
                raise LearnerGone(_too_slow(what, timeout))
            before = self._processor_time() if before is None else before
            spent = self._processor_time() - before
            if not interrupted and (spent > timeout or now > started + PATIENCE * timeout):
                self.manager.interrupt_kernel()
                interrupted = now

    def _attempt(self, answer: Callable[[], T | None], what: str) -> T | None:
        try:
            return answer()
        except ValueError:
            raise LearnerGone(UNREADABLE) from None
        except EOFError:
            deadline = time.monotonic() + GRACE  # of a process that has ended, it is known a little later
            while time.monotonic() < deadline:
                self._check_alive(what)
                time.sleep(GRACE / 100)
            raise LearnerGone(f"{what} hung up on the judge.") from None

    def _check_alive(self, what: str) -> None:
        if not self.manager.is_alive():
            time.sleep(POLL)  # who ends a sandbox ends its processes one after the other
            if self.kernel and self.kernel.is_orphaned():
                raise SandboxUnavailable(LOST)
            reason = self.kernel.reason if self.kernel else ENDED
            reason = " (out of memory, or an exit?)." if reason == ENDED else f". {reason}"
            raise LearnerGone(f"{what} ended the Python process{reason}")

    def _receive(self, channel: ZMQSocketChannel, timeout: float = 0) -> dict:
        """Receive one message; raises `Empty` when none comes, and `LearnerGone` when it is none of Jupyter's."""
        try:
            message = channel.get_msg(timeout=timeout)
            if isinstance(message["parent_header"], dict) and isinstance(message["content"], dict):
                return message
        except Empty:
            raise
        except Exception:  # whatever a forged message provokes
            pass
        raise LearnerGone(UNREADABLE)

    def _processor_time(self) -> float:
        """Return the seconds that the kernel's processes have computed; the clock where the system does not tell."""
        if Path("/proc/self/stat").exists():
            return sum(map(processor_seconds, tree(self.manager.provisioner.pid)))
        return time.monotonic()

    def _take_output(self, ran: Ran, timeout: float = 0) -> bool:
        """Keep one output, if one comes in time; False when none does."""
        try:
            message = self._receive(self.client.iopub_channel, timeout)
        except Empty:
            return False
        if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
            ran.keep(message, self.options.output_limit)
        elif message["content"].get("execution_state") == "idle":
            self.idle_after = message["parent_header"].get("msg_id")
        elif message["msg_type"] == "iopub_welcome":
            self.welcomed = True
        return True


def _read_json(text: bytes) -> object:
    """Read a part of a message; raises `ValueError` for what would take a hundred times its own memory."""
    if sum(map(text.count, (b"[", b"{", b","))) > MARKS:
        raise ValueError("a message of too many parts")
    return json.loads(text)


def _too_slow(what: str, timeout: float) -> str:
    return f"{what} took longer than {timeout:g} seconds (is there an endless loop?)."
