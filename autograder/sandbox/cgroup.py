"""Let the kernel count a sandbox's memory and processes exactly, where this account owns a part of cgroup v2.

Where it does not, the guard's watch and the resource limits remain. Source: the kernel's cgroup-v2 documentation.
"""

import contextlib
import os
import time
from pathlib import Path

from ..judging.limits import Limits
from .isolation import MEGABYTE

PATIENCE = 1  # seconds for a group's last process to end


def enclose(pid: int, limits: Limits, name: str) -> Path | None:
    """Put a process into a control group of its own; None when this account cannot make one that limits memory."""
    parent = delegated()
    if parent is None:
        return None
    group = parent / f"autograder-{name}"
    bounds = {
        "memory.max": limits.memory_mb * MEGABYTE,
        "memory.swap.max": 0,
        "memory.oom.group": 1,
        "pids.max": limits.processes + 2,  # and the guard and its init
    }
    try:
        group.mkdir()
        for file, bound in bounds.items():
            if (group / file).exists():
                (group / file).write_text(str(bound))
        (group / "cgroup.procs").write_text(str(pid))
    except OSError:
        remove(group)
        return None
    return group


def ran_out_of_memory(group: Path | None) -> bool:
    """Tell whether the kernel has ended a group's processes, the guard among them, because of their memory."""
    events = dict(line.split() for line in _read(group / "memory.events", "\n") if line) if group else {}
    return int(events.get("oom_kill", 0)) > 0


def remove(group: Path | None) -> None:
    """Remove a control group whose processes have ended, or do so now: the guard's last word comes before its end."""
    enough = time.monotonic() + PATIENCE
    while group is not None and group.exists() and time.monotonic() < enough:
        try:
            group.rmdir()
        except OSError:
            time.sleep(PATIENCE / 100)


def delegated() -> Path | None:
    """Find the nearest control group in which this account may make others that limit memory."""
    root, own = _mounted(), _own()
    if root is None or own is None:
        return None
    place = root / own.strip("/")
    for group in (place, *place.parents):
        if not group.is_relative_to(root):
            return None
        if os.access(group / "cgroup.procs", os.W_OK) and "memory" in _read(group / "cgroup.subtree_control"):
            return group
    return None


def _mounted() -> Path | None:
    for line in _read(Path("/proc/self/mountinfo"), "\n"):
        left, _, right = line.partition(" - ")
        if right.startswith("cgroup2 "):
            return Path(left.split()[4])
    return None


def _own() -> str | None:
    return next((line[3:] for line in _read(Path("/proc/self/cgroup"), "\n") if line.startswith("0::")), None)


def _read(path: Path, separator: str | None = None) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text().split(separator)
    return []
