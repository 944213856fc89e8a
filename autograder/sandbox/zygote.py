"""Import the field's libraries once, then fork a kernel for everybody who asks: `python -m autograder.sandbox.zygote`.

Runs inside bubblewrap. A client connects to the inherited socket and sends {"run": ..., "limits": ...} as JSON. A fork,
the *guard*, serves it from there on: it tells {"pid": ...}, waits for the client's word, starts the kernel, and says
why it has ended: {"ended": "..."}. The clock of the limits runs from the client's second word: a kernel may be kept
ready. When the client hangs up, the kernel and all its processes are killed.

    zygote (imports, forks) -> guard (limits, new namespaces) -> init (mounts, reaps) -> the learner's kernel
"""

import argparse
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback

from ..judging.limits import Limits
from . import isolation
from .bubblewrap import python_folders
from .pages import use_large_pages

WARM = (
    "numpy matplotlib.pyplot torch torch.nn.functional torch.utils.data transformers.models.qwen2.modeling_qwen2"
    " bitsandbytes peft trl.trainer.sft_trainer trl.trainer.dpo_trainer datasets sklearn.feature_extraction.text"
    " IPython.core.pylabtools course course.data course.models course.training"
    " course.evaluation course.ladder"
).split()
KERNEL = (
    "autograder.judging.answering ipykernel.kernelapp ipykernel.debugger tornado.platform.asyncio faulthandler sqlite3"
    " IPython.core.completerlib IPython.core.debugger IPython.core.logger IPython.core.oinspect"
    " IPython.extensions.storemagic"
).split()
LARGEST_REQUEST = 65_536
ENDED = "Its process ended."
OUT_OF_MEMORY = "It was stopped: the notebook used more than {:,} MB of memory."
WATCH = 0.1  # seconds between two looks at a kernel's memory and processor time


def main() -> None:
    """Drop to an unprivileged user, import everything, and serve until standard input ends: the owner is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the listening socket")
    parser.add_argument("--runs", required=True, help="folder of the kernels' run folders")
    parser.add_argument("--user", type=int, default=os.getuid(), help="user and group id to run under")
    parser.add_argument("--cold", action="store_true", help="import nothing ahead of time")
    args = parser.parse_args()
    if args.user != os.getuid():
        os.setgroups([])
        os.setresgid(args.user, args.user, args.user)
        os.setresuid(args.user, args.user, args.user)
        isolation.show()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader; it hangs up when it stops
    warm_up(() if args.cold else WARM)
    serve(socket.socket(fileno=args.socket), args.runs)


def warm_up(modules: tuple[str, ...] | list[str]) -> None:
    """Import modules (those that are installed) and keep what they hold out of the garbage collector's reach."""
    from course.start import quiet  # late, both: whoever starts a zygote needs neither

    from .kernel import prepare

    isolation.system_call_filter()  # it cannot be shut in without: fail now
    quiet()  # as in a learner's own notebook, before the libraries that it quiets
    for name in (*KERNEL, *modules):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    prepare()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    if len(os.listdir("/proc/self/task")) != 1:
        sys.exit("The zygote has more than one thread: a fork of it could hang.")
    gc.collect()
    gc.freeze()
    use_large_pages()


def serve(listener: socket.socket, runs: str) -> None:
    """Fork a guard for each client."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards need no funeral
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            status = 1
            try:
                guard(client, runs)
                status = 0
            finally:
                os._exit(status)
        client.close()


def guard(client: socket.socket, runs: str) -> None:
    """Serve one client: start its kernel, watch it, end it."""
    isolation.die_with_parent()
    try:
        request = json.loads(client.recv(LARGEST_REQUEST))
        limits = Limits(**request["limits"])
        _tell(client, {"pid": os.getpid()})
        if not client.recv(16):
            return  # hung up
        isolation.separate()
        init = os.fork()
        if init == 0:
            try:
                _init(client, runs, request["run"], limits)
            except OSError:
                traceback.print_exc()  # `Zygote.complaint` reads it
            finally:
                os._exit(1)
        reason = _watch(client, init, limits)
    except Exception as problem:
        reason = f"The sandbox could not be set up: {problem}"
    with contextlib.suppress(OSError):
        _tell(client, {"ended": reason})


def _watch(client: socket.socket, init: int, limits: Limits) -> str:
    ended, begun = os.pidfd_open(init), None
    baseline = isolation.own_memory(os.getpid())
    reason = ""
    while not reason:
        ready, _, _ = select.select([client, ended], [], [], WATCH)
        if client in ready:
            begun = time.monotonic()
            reason = "" if client.recv(16) else "The grader hung up."
        elif ended in ready:
            reason = ENDED
        elif begun:
            reason = _excess(init, limits, baseline, time.monotonic() - begun)
    os.kill(init, signal.SIGKILL)  # and with it, all of its namespace
    os.waitpid(init, 0)
    return reason


def _excess(init: int, limits: Limits, baseline: int, seconds: float) -> str:
    """Say which limit the processes together have passed, if any."""
    if seconds > limits.seconds:
        return f"It was stopped: the notebook took longer than {limits.seconds} seconds."
    processes = list(isolation.tree(init))
    if sum(map(isolation.processor_seconds, processes)) > limits.cpu_seconds:
        return f"It was stopped: the notebook used more than {limits.cpu_seconds} seconds of processor time."
    bound, others = limits.memory_mb * isolation.MEGABYTE + baseline, processes[1:]  # without init, which is ours
    counts = isolation.own_memory, isolation.proportional_memory  # quick and never too low; exact
    if all(sum(map(count, others)) > bound for count in counts):
        return OUT_OF_MEMORY.format(limits.memory_mb)
    return ""


def _init(client: socket.socket, runs: str, run: str, limits: Limits) -> None:
    """Be the first process of the new namespace: make its folders, start the kernel, bury the dead."""
    isolation.die_with_parent()
    client.close()
    isolation.arrange(runs, run, limits, python_folders())
    bound_reader, bound = os.pipe()
    go, go_writer = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        for descriptor in (bound_reader, go_writer):
            os.close(descriptor)
        try:
            from .kernel import run_kernel

            run_kernel(limits, bound, go)
        finally:
            os._exit(1)
    os.close(bound)
    os.close(go)
    isolation.hide()
    if os.read(bound_reader, 1):
        isolation.seal()
        isolation.drop_capabilities()
        os.write(go_writer, b"!")
    while os.wait()[0] != kernel:
        pass


def _tell(client: socket.socket, message: dict) -> None:
    client.send(json.dumps(message).encode())


if __name__ == "__main__":
    main()
