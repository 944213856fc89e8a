"""Make the Jupyter manager of a learner's kernel: a sandboxed one from the zygote, or an ordinary one, unconfined."""

import os
from pathlib import Path

import zmq
from jupyter_client.manager import KernelManager

from ..sandbox.bubblewrap import GRADING
from ..sandbox.provisioner import SandboxSpecs
from .options import SANDBOX, KernelOptions

PASSED_ON = "PATH HOME LANG LC_ALL TMPDIR HF_HOME HF_HUB_CACHE CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH".split()
LONGEST_SOCKET_FOLDER = 90  # the path of a Unix socket has at most 107 bytes


def make_manager(options: KernelOptions, settings: Path) -> KernelManager:
    """Return a manager whose context is its own; an unconfined kernel's sockets lie in `settings`."""
    context = zmq.Context()
    if sandboxed := options.isolation == SANDBOX:
        specs = SandboxSpecs(options.zygote, options.limits)
        manager = KernelManager(kernel_spec_manager=specs, context=context)
    else:
        manager = KernelManager(kernel_name=options.kernel_name, context=context)
    if sandboxed or (os.name == "posix" and len(str(settings)) < LONGEST_SOCKET_FOLDER):
        manager.transport, manager.ip = "ipc", f"{settings}/socket"
        manager.connection_file = f"{settings}/connection.json"
    return manager


def environment(settings: Path) -> dict[str, str]:
    """Return the variables of an unconfined kernel; a sandboxed one has the zygote's."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | GRADING | {"IPYTHONDIR": str(settings)}
