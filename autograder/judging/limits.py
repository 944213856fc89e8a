"""Say how much of the machine one learner's code may use."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """Bound one sandboxed kernel, from its start to its end; all values are positive."""

    seconds: int = 1_800
    """Wall time of the whole notebook, waiting for the judge included."""
    cpu_seconds: int = 900
    """Processor time of all its processes together."""
    memory_mb: int = 2_048
    """Memory of all its processes together, beyond what the warm process shares with them."""
    processes: int = 64
    """Processes and threads at a time; an idle kernel has about a dozen."""
    open_files: int = 256
    """Open files of one process."""
    file_mb: int = 256
    """Size of one file."""
    disk_mb: int = 512
    """Size of all files in the working folder, and again in the temporary one; they lie in memory."""

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value <= 0:
                raise ValueError(f"{field.name} is {value!r}; give a positive whole number.")
