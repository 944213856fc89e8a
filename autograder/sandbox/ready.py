"""Keep one kernel ready: while the judge works with one, the next is being forked.

kernel = take(address, Limits())
"""

import atexit

from ..judging.limits import Limits
from .host import SandboxedKernel, Zygote

_ready: dict[tuple[str, Limits], SandboxedKernel] = {}
_zygote: Zygote | None = None


def take(address: str, limits: Limits) -> SandboxedKernel:
    """Return a fresh kernel, at once where one was kept ready, and have the next one made."""
    kernel = _ready.pop((address, limits), None)
    if kernel and kernel.ended():
        kernel.close()
        kernel = None
    kernel = kernel or SandboxedKernel(address, limits)
    _ready[address, limits] = SandboxedKernel(address, limits)
    return kernel


def own_zygote() -> str:
    """Return the address of this process's own zygote: started at first use, and again when it has become stale."""
    global _zygote
    if _zygote is None or not _zygote.is_fresh:
        close()
        _zygote = Zygote()
        _zygote.wait_until_warm()
    return _zygote.address


@atexit.register
def close() -> None:
    """End the kernels kept ready, and this process's zygote."""
    global _zygote
    while _ready:
        _ready.popitem()[1].close()
    if _zygote is not None:
        _zygote.close()
        _zygote = None
