"""Run a learner's cells in a kernel of their own, and ask that kernel for values and for calls of functions.

    with Learner(folder) as learner:
        learner.run("def double(x): return 2 * x")
        decode(learner.ask(encode({"name": "double", "args": [4], "kwargs": {}})))  # {"value": 8}

The kernel is forked from a warm process and shut in (see `sandbox`), unless the options ask for no isolation.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

import zmq
from jupyter_client.channels import ZMQSocketChannel
from jupyter_client.manager import KernelManager

from ..sandbox.host import SandboxUnavailable, make_readable
from ..sandbox.isolation import RUN, own_memory, processor_seconds, tree
from ..sandbox.provisioner import SandboxSpecs
from ..sandbox.zygote import ENDED
from .codec import MARKS, MAX_BYTES, encode
from .options import SANDBOX, KernelOptions
from .outputs import Ran

FLOOD = 32 * 2**20  # bytes of output after which nobody reads on
HOARD = 4 * MAX_BYTES  # that this process may grow by while it waits: messages that never end pile up in it
PASSED_ON = "PATH HOME LANG LC_ALL TMPDIR HF_HOME HF_HUB_CACHE CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH".split()
LONGEST_SOCKET_FOLDER = 90  # the path of a Unix socket has at most 107 bytes
PATIENCE = 5  # a busy grading machine must not cost an honest learner points
GRACE = 2  # seconds between an interrupt and the end
TIDY = 5  # seconds to wait for the rest of what a cell or a call has put out
POLL = 0.2  # seconds between two looks at whether the kernel still lives
ANSWER = '__import__("sys").modules["_judge.answering"].answer({question!r}, globals())'
FETCH = f"import shutil; shutil.copytree('{RUN}/in', '.', symlinks=True, dirs_exist_ok=True); del shutil\n"
BOOT = """
def _judge_boot(sources):
    import sys, types
    for name, source in sources:
        module = sys.modules[name] = types.ModuleType(name)
        module.__package__, module.__path__ = "_judge", []
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
_judge_boot(%r)
del _judge_boot
"""


class LearnerGone(Exception):
    """Say in a sentence why the learner's kernel no longer answers."""


class Learner:
    """The learner's process: a Jupyter kernel that has a copy of `folder` and knows how to answer questions."""

    def __init__(self, folder: Path, options: KernelOptions | None = None):
        self.folder, self.options = Path(folder), options or KernelOptions()
        self.sandboxed = self.options.isolation == SANDBOX
        self.settings = TemporaryDirectory(prefix="kernel-")  # private (0700): an unconfined kernel's sockets lie there
        self.context = context = zmq.Context()
        context.maxmsgsize = 2 * MAX_BYTES
        if self.sandboxed:
            specs = SandboxSpecs(self.options.zygote, self.options.limits)
            self.manager = KernelManager(kernel_spec_manager=specs, context=context)
        else:
            self.manager = KernelManager(kernel_name=self.options.kernel_name, context=context)
        if self.sandboxed or (os.name == "posix" and len(self.settings.name) < LONGEST_SOCKET_FOLDER):
            self.manager.transport, self.manager.ip = "ipc", f"{self.settings.name}/socket"
            self.manager.connection_file = f"{self.settings.name}/connection.json"
        self.client, self.poller, self.calls, self.idle_after = None, zmq.Poller(), Ran(), None

    def __enter__(self) -> "Learner":
        try:
            self.manager.start_kernel(
                cwd=str(self.folder),
                env=self._environment(),
                extra_arguments=["--HistoryManager.hist_file=:memory:"],
                stdout=DEVNULL,
                stderr=DEVNULL,
            )
            self.client = self.manager.blocking_client()
            self.client.session.unpack = _read_json
            self.client.start_channels(stdin=False, hb=False, control=False)
            self.client.wait_for_ready(timeout=self.options.start_timeout)
            for channel in (self.client.shell_channel, self.client.iopub_channel):
                self.poller.register(channel.socket, zmq.POLLIN)
            wire = [("_judge", "")] + [(f"_judge.{name}", _source(name)) for name in ("codec", "answering")]
            fetch = FETCH if self.sandboxed else ""
            if error := self.run(fetch + BOOT % wire, timeout=self.options.start_timeout).error:
                raise LearnerGone(error)
        except BaseException as problem:
            self.close()
            if isinstance(problem, Exception) and not isinstance(problem, SandboxUnavailable):
                raise LearnerGone(f"The kernel did not start: {problem}") from problem
            raise
        return self

    @property
    def shared(self) -> Path | None:
        """Folder that the judge writes and the learner reads, under one path; None where that holds for any folder."""
        return self.manager.provisioner.kernel.shared if self.sandboxed else None

    def share(self) -> None:
        """Let the learner's code read what the judge has written into the shared folder."""
        if self.sandboxed:
            make_readable(self.shared)

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and forget its settings."""
        if self.client:
            self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.context.destroy(linger=0)
        self.settings.cleanup()

    def run(self, source: str, timeout: float | None = None) -> Ran:
        """Run a cell; raises `LearnerGone` when the kernel dies, or does not stop at the end of its time."""
        timeout = timeout or self.options.cell_timeout
        sent = self.client.execute(source, store_history=False, allow_stdin=False, stop_on_error=False)
        ran = Ran()
        reply = self._reply(sent, timeout, "The cell", ran)
        if reply.get("status") == "error":
            ran.error = f"{reply.get('ename', 'Error')}: {reply.get('evalue', '')}"[:500]
        enough = time.monotonic() + TIDY  # a flood of output can swallow the idle message
        while self.idle_after != sent and time.monotonic() < enough and self._take_output(ran, timeout=1):
            pass
        return ran

    def ask(self, question: str, what: str = "The call") -> str:
        """Send an encoded question (see `answering`) and return the answer's text; raises `LearnerGone`."""
        expression = {"answer": ANSWER.format(question=question)}
        sent = self.client.execute("", silent=True, user_expressions=expression, allow_stdin=False)
        reply = self._reply(sent, self.options.call_timeout, what, self.calls)
        try:
            return reply["user_expressions"]["answer"]["data"]["text/plain"]
        except (KeyError, TypeError):
            return encode({"unsendable": "something that cannot be read; return plain data"})

    def printed(self) -> str:
        """Take what calls have printed since the last time."""
        enough = time.monotonic() + TIDY
        with contextlib.suppress(LearnerGone):  # the next question will find out
            while time.monotonic() < enough and self._take_output(self.calls):
                pass
        ran, self.calls = self.calls, Ran()
        return "".join(output.text for output in ran.outputs if output.output_type == "stream")

    def _reply(self, sent: str, timeout: float, what: str, ran: Ran) -> dict:
        """Wait for the reply to `sent`, and keep what is put out meanwhile."""
        started = looked = time.monotonic()  # most replies come before the first look, which would cost more than they
        before, interrupted = None, 0.0
        room = own_memory(os.getpid()) + HOARD
        while True:
            ready = dict(self.poller.poll(POLL * 1000))
            if self.client.iopub_channel.socket in ready and self._take_output(ran) and ran.kept > FLOOD:
                raise LearnerGone(f"{what} printed more than {FLOOD // 2**20} MB (is there an endless loop?).")
            if self.client.shell_channel.socket in ready:
                message = self._receive(self.client.shell_channel)
                if message["parent_header"].get("msg_id") == sent and message["msg_type"] == "execute_reply":
                    if interrupted:
                        raise LearnerGone(_too_slow(what, timeout))
                    return message["content"]
            if (now := time.monotonic()) < looked + POLL:
                continue
            looked = now
            if not self.manager.is_alive():
                if self.sandboxed and self.manager.provisioner.kernel.is_orphaned():
                    raise SandboxUnavailable("The sandbox ended while it was in use.")
                raise LearnerGone(f"{what} ended the Python process{self._why_it_ended()}")
            if own_memory(os.getpid()) > room:
                raise LearnerGone(f"{what} sent more than can be read.")
            if interrupted and now > interrupted + GRACE:
                raise LearnerGone(_too_slow(what, timeout))
            before = self._processor_time() if before is None else before
            spent = self._processor_time() - before
            if not interrupted and (spent > timeout or now > started + PATIENCE * timeout):
                self.manager.interrupt_kernel()
                interrupted = now

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
        raise LearnerGone("The learner's kernel sent a message that cannot be read.")

    def _why_it_ended(self) -> str:
        reason = self.manager.provisioner.kernel.reason if self.sandboxed else ENDED
        return " (out of memory, or an exit?)." if reason == ENDED else f". {reason}"

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
        return True

    def _environment(self) -> dict:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return kept | {
            "IPYTHONDIR": self.settings.name,
            "MPLBACKEND": "Agg",
            "COURSE_TIER": "bundled",  # a set-up cell need not import torch to find that out
            "NBGRADER_EXECUTION": "autograde",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "TOKENIZERS_PARALLELISM": "false",
        }


def _read_json(text: bytes) -> object:
    """Read a part of a message; raises `ValueError` for what would take a hundred times its own memory."""
    if sum(map(text.count, (b"[", b"{", b","))) > MARKS:
        raise ValueError("a message of too many parts")
    return json.loads(text)


def _too_slow(what: str, timeout: float) -> str:
    return f"{what} took longer than {timeout:g} seconds (is there an endless loop?)."


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
