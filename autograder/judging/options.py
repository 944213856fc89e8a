"""Say how a learner's kernel is to be run: plain data, which travels to worker processes."""

from dataclasses import dataclass, field

from .limits import Limits

SANDBOX, NONE = "sandbox", "none"


@dataclass(frozen=True)
class KernelOptions:
    """Configure the learner's kernel."""

    kernel_name: str = "python3"
    """The kernel spec of an unconfined kernel."""
    cell_timeout: float = 60
    """Seconds of processor time that one cell may take, and `PATIENCE` times as long by the clock."""
    call_timeout: float = 20
    """The same for one call of a function."""
    start_timeout: float = 60
    """Seconds that the kernel may take to start."""
    output_limit: int = 20_000
    """Characters of text kept from one cell or from the calls of one test."""
    isolation: str = SANDBOX
    """`sandbox`, or `none`: then the learner's code can read and do whatever the grader's account can."""
    limits: Limits = field(default_factory=Limits)
    """What the sandboxed kernel may use."""
    zygote: str = ""
    """Address of the zygote that forks the kernel; empty: one of this process's own."""

    def __post_init__(self):
        if self.isolation not in (SANDBOX, NONE):
            raise ValueError(f"isolation is {self.isolation!r}; choose {SANDBOX!r} or {NONE!r}.")
        for name in ("cell_timeout", "call_timeout", "start_timeout", "output_limit"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; make it positive.")


def kernel_options(unsafe: bool = False, **options: object) -> KernelOptions:
    """Make options of the learner's kernel: sandboxed, unless `unsafe`."""
    return KernelOptions(isolation=NONE if unsafe else SANDBOX, **options)
