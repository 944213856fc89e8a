"""Provide Jupyter kernels from the zygote: a kernel provisioner, Jupyter's own way to say where a kernel runs."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Dict, Unicode

from ..judging.limits import Limits
from .host import SandboxedKernel
from .ready import own_zygote, take

NAME = "autograder-sandbox"


class SandboxProvisioner(KernelProvisionerBase):
    """Take a forked, sandboxed kernel and hand the files in its working directory over to it."""

    address = Unicode(help="Where a zygote listens; empty for one of this process's own.", config=True)
    limits = Dict(help="Limits of the kernel, by name.", config=True)
    kernel: SandboxedKernel | None = None

    @property
    def has_process(self) -> bool:
        """Tell whether there is a kernel."""
        return self.kernel is not None

    @property
    def pid(self) -> int | None:
        """Return the id of the process that guards the kernel."""
        return self.kernel.pid if self.kernel else None

    async def poll(self) -> int | None:
        """Return None while the kernel runs."""
        return None if self.kernel and not self.kernel.ended() else 1

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while await self.poll() is None:
            await asyncio.sleep(0.05)
        return 1

    async def send_signal(self, signum: int) -> None:
        """Kill the kernel: no other signal crosses into its namespace (an interrupt goes as a message)."""
        await self.kill()

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and all its processes."""
        if self.kernel:
            self.kernel.close()

    async def terminate(self, restart: bool = False) -> None:
        """Kill the kernel: there is nothing in it to save."""
        await self.kill(restart)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare nothing: the kernel's command, environment and sockets are the zygote's business."""
        return {"cmd": [], "cwd": kwargs["cwd"], "env": {}}

    async def launch_kernel(self, cmd: list[str], cwd: str = "", **kwargs: Any) -> dict:
        """Take a kernel, give it its files, and say how to connect."""
        self.kernel = take(self.address or own_zygote(), Limits(**self.limits))
        self.kernel.begin(Path(cwd))
        self.connection_info = self.kernel.connection_info
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Forget the kernel."""
        await self.kill(restart)
        self.kernel = None


class SandboxSpecs(KernelSpecManager):
    """Know one kernel: the sandboxed one."""

    def __init__(self, address: str, limits: Limits, **kwargs: Any):
        super().__init__(**kwargs)
        config = {"address": address, "limits": asdict(limits)}
        self.spec = KernelSpec(
            argv=[],
            display_name="Python (sandboxed)",
            language="python",
            interrupt_mode="message",
            metadata={"kernel_provisioner": {"provisioner_name": NAME, "config": config}},
        )

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the sandboxed kernel, whatever its name."""
        return self.spec
