"""Run a learner's cells in a kernel of their own, and ask that kernel for values and for calls of functions.

    with Learner(folder) as learner:
        learner.run("def double(x): return 2 * x")
        decode(learner.ask(encode({"name": "double", "args": [4], "kwargs": {}})))  # {"value": 8}

`KernelOptions.kernel_name` names the kernel spec, and with it the Jupyter kernel provisioner, that starts the process:
a sandboxed or a forked kernel is another spec, and nothing here changes.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

from jupyter_client.manager import KernelManager
from nbformat.v4 import output_from_msg

from .codec import encode

PASSED_ON = "PATH HOME LANG LC_ALL TMPDIR HF_HOME HF_HUB_CACHE CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH".split()
LONGEST_SOCKET_FOLDER = 90  # the path of a Unix socket has at most 107 bytes
PATIENCE = 5  # a busy grading machine must not cost an honest learner points
POLL = 0.2  # seconds between two looks at whether the kernel still lives
SHOWN = ("text/plain", "image/png", "image/jpeg")  # no HTML or script of a learner reaches the instructor's browser
ANSWER = '__import__("sys").modules["_judge.answering"].answer({question!r}, globals())'
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


@dataclass(frozen=True)
class KernelOptions:
    """Configure the learner's kernel."""

    kernel_name: str = "python3"
    """The kernel spec; its provisioner decides where and how confined the process runs."""
    cell_timeout: float = 60
    """Seconds of processor time that one cell may take, and `PATIENCE` times as long by the clock."""
    call_timeout: float = 20
    """The same for one call of a function."""
    start_timeout: float = 60
    """Seconds that the kernel may take to start."""
    output_limit: int = 20_000
    """Characters of text kept from one cell or from the calls of one test."""

    def __post_init__(self):
        for name in ("cell_timeout", "call_timeout", "start_timeout", "output_limit"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; make it positive.")


@dataclass
class Ran:
    """What became of one cell."""

    outputs: list = field(default_factory=list)
    error: str = ""
    kept: int = 0


class Learner:
    """The learner's process: a Jupyter kernel in `folder` that knows how to answer questions."""

    def __init__(self, folder: Path, options: KernelOptions | None = None):
        self.folder, self.options = Path(folder), options or KernelOptions()
        self.settings = TemporaryDirectory(prefix="kernel-")  # private (0700): the sockets of the kernel lie there
        self.manager = KernelManager(kernel_name=self.options.kernel_name)
        if os.name == "posix" and len(self.settings.name) < LONGEST_SOCKET_FOLDER:
            self.manager.transport, self.manager.ip = "ipc", f"{self.settings.name}/socket"
            self.manager.connection_file = f"{self.settings.name}/connection.json"
        self.client = None

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
            self.client.start_channels()
            self.client.wait_for_ready(timeout=self.options.start_timeout)
            wire = [("_judge", "")] + [(f"_judge.{name}", _source(name)) for name in ("codec", "answering")]
            self.run(BOOT % wire, timeout=self.options.start_timeout)
        except BaseException as problem:
            self.close()
            if isinstance(problem, Exception):
                raise LearnerGone(f"The kernel did not start: {problem}") from problem
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and forget its settings."""
        if self.client:
            self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.settings.cleanup()

    def run(self, source: str, timeout: float | None = None) -> Ran:
        """Run a cell; raises `LearnerGone` when the kernel dies, or does not stop at the end of its time."""
        timeout = timeout or self.options.cell_timeout
        sent = self.client.execute(source, store_history=False, allow_stdin=False, stop_on_error=False)
        reply = self._reply(sent, timeout, "The cell")
        ran = Ran()
        if reply["status"] == "error":
            ran.error = f"{reply.get('ename', 'Error')}: {reply.get('evalue', '')}"[:500]
        self._collect(sent, ran)
        return ran

    def ask(self, question: str, what: str = "The call") -> str:
        """Send an encoded question (see `answering`) and return the answer's text; raises `LearnerGone`."""
        expression = {"answer": ANSWER.format(question=question)}
        sent = self.client.execute("", silent=True, user_expressions=expression, allow_stdin=False)
        reply = self._reply(sent, self.options.call_timeout, what)
        try:
            return reply["user_expressions"]["answer"]["data"]["text/plain"]
        except (KeyError, TypeError):
            return encode({"unsendable": "something that cannot be read; return plain data"})

    def printed(self) -> str:
        """Take what calls have printed since the last cell or the last time."""
        ran = Ran()
        self._collect(None, ran)
        return "".join(output.text for output in ran.outputs if output.output_type == "stream")

    def _reply(self, sent: str, timeout: float, what: str) -> dict:
        started, before, interrupted = time.monotonic(), self._processor_time(), 0.0
        while True:
            try:
                message = self.client.get_shell_msg(timeout=POLL)
            except Empty:
                now = time.monotonic()
                if not self.manager.is_alive():
                    raise LearnerGone(f"{what} ended the Python process (out of memory, or an exit?).") from None
                if interrupted and now > interrupted + 2:
                    raise LearnerGone(_too_slow(what, timeout)) from None
                spent = self._processor_time() - before
                if not interrupted and (spent > timeout or now > started + PATIENCE * timeout):
                    self.manager.interrupt_kernel()
                    interrupted = now
                continue
            if message["parent_header"].get("msg_id") == sent and message["msg_type"] == "execute_reply":
                if interrupted:
                    raise LearnerGone(_too_slow(what, timeout))
                return message["content"]

    def _processor_time(self) -> float:
        """Return the seconds that the kernel's process has computed; the clock where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.manager.provisioner.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, see proc(5)
        except (OSError, AttributeError, IndexError, ValueError):
            return time.monotonic()

    def _collect(self, sent: str | None, ran: Ran) -> None:
        """Read outputs until the kernel says that it is idle after `sent`, or until nothing more comes."""
        deadline = time.monotonic() + 5  # a flood of output can swallow the idle message
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=1 if sent else 0)
            except Empty:
                return
            if sent and message["parent_header"].get("msg_id") != sent:
                continue
            if sent and message["content"].get("execution_state") == "idle":
                return
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                self._keep(message, ran)

    def _keep(self, message: dict, ran: Ran) -> None:
        try:
            output = output_from_msg(message)
        except (ValueError, KeyError, TypeError):
            return
        if "data" in output:
            output.data = {kind: text for kind, text in output.data.items() if kind in SHOWN}
        limit = self.options.output_limit * (50 if "data" in output else 1)  # a picture takes more than text
        room = max(limit - ran.kept, 0)
        size = len(str(output.get("text") or output.get("traceback") or output.get("data")))
        ran.kept += size
        if size > room and output.output_type == "stream":
            output.text = output.text[:room]
        elif size > room:
            return
        last = ran.outputs[-1] if ran.outputs else {}
        if output.output_type == "stream" == last.get("output_type") and last["name"] == output.name:
            last["text"] += output.text
        else:
            ran.outputs.append(output)

    def _environment(self) -> dict:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return kept | {
            "IPYTHONDIR": self.settings.name,
            "MPLBACKEND": "Agg",
            "NBGRADER_EXECUTION": "autograde",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "TOKENIZERS_PARALLELISM": "false",
        }


def _too_slow(what: str, timeout: float) -> str:
    return f"{what} took longer than {timeout:g} seconds (is there an endless loop?)."


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
