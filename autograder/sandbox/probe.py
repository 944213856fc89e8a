"""Find out what this host can isolate: each finding says what was tried, and each failure how to mend it."""

import contextlib
import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..judging.limits import Limits
from .cgroup import delegated
from .homes import UNPRIVILEGED
from .host import REMEDY, SandboxUnavailable, Zygote

OLDEST_LINUX = (5, 14)  # from here on, process limits count each user namespace by itself
NAMESPACES = "/proc/sys/user/max_user_namespaces"
TRIALS = {
    "sees no network": "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
    "cannot change the system": "open('/usr/autograder-was-here', 'w')",
    "cannot read your home": f"import os; assert '.bashrc' in os.listdir({str(Path.home())!r})",
    "cannot see your processes": f"open('/proc/{os.getpid()}/cmdline')",
    "cannot make namespaces": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "cannot become root": "import os; os.setuid(0)",
    "cannot fill the disk": f"open('x', 'wb').write(bytes({Limits().disk_mb + 1} * 2**20))",
    "cannot fill the memory": f"bytearray({4 * Limits().memory_mb} * 2**20)",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; without `remedy` it is as it should be."""

    what: str
    found: str
    remedy: str = ""
    needed: bool = True
    """Whether grading refuses to start without it."""

    @property
    def state(self) -> str:
        """Say `ok`, `missing` or `worse` (it works, less well)."""
        return "ok" if not self.remedy else "missing" if self.needed else "worse"


def examine() -> Iterator[Finding]:
    """Look at this host, from what must be installed to what a learner's code really cannot do."""
    if not sys.platform.startswith("linux"):
        remedy = "Grade in a Linux virtual machine or container, or your own work only, with --unsafe."
        yield Finding("Linux", f"this is {platform.system()}; the sandbox is made of Linux's own parts", remedy)
        return
    yield from _parts()
    yield _account()
    yield _memory()
    yield from _trials()


def _parts() -> Iterator[Finding]:
    release = platform.release()
    number = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    remedy = (
        "" if number >= OLDEST_LINUX else "Use a newer kernel; on this one the limit of processes may be too strict."
    )
    yield Finding("Linux", release, remedy, needed=False)
    bwrap = shutil.which("bwrap")
    version = _output([bwrap, "--version"]) if bwrap else "not found"
    yield Finding(
        "bubblewrap", version, "" if bwrap else "Install it: apt install bubblewrap (or dnf, pacman, zypper)."
    )
    library = ctypes.util.find_library("seccomp")
    yield Finding("libseccomp", library or "not found", "" if library else "Install it: apt install libseccomp2.")
    if bwrap:
        trouble = _output([bwrap, "--unshare-user", "--ro-bind", "/", "/", "true"])
        yield Finding(
            "user namespaces", trouble or "this account can make them", _namespace_remedy() if trouble else ""
        )


def _namespace_remedy() -> str:
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap."
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "Start this container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined."
    return f"sudo sysctl user.max_user_namespaces=10000 (it is {_first_line(NAMESPACES)} now)."


def _account() -> Finding:
    if os.getuid() == 0:
        return Finding("account", f"root; learners' code runs as user {UNPRIVILEGED}")
    return Finding("account", f"user {os.getuid()}; learners' code runs as the same, in namespaces of its own")


def _memory() -> Finding:
    group = delegated()
    if group:
        return Finding("memory limit", f"exact, by control groups below {group}")
    remedy = "Exact limits need cgroup v2: run `systemd-run --user --scope -p Delegate=yes autograder ...`."
    return Finding("memory limit", "by resource limits and a look ten times a second", remedy, needed=False)


def _trials() -> Iterator[Finding]:
    """Start a sandboxed kernel and try, in it, what must fail."""
    from ..judging.learner import Learner, LearnerGone  # late: these import this package
    from ..judging.options import KernelOptions

    try:
        with Zygote(cold=True) as zygote, tempfile.TemporaryDirectory() as folder:
            zygote.wait_until_warm()
            for what, attempt in TRIALS.items():
                with Learner(Path(folder), KernelOptions(zygote=zygote.address)) as learner:
                    error = ""
                    with contextlib.suppress(LearnerGone):
                        error = learner.run(attempt).error or "it could"
                    refused = error != "it could"
                    yield Finding(
                        f"a learner {what}", error or "it was stopped", "" if refused else "Please report this."
                    )
    except (SandboxUnavailable, LearnerGone) as problem:
        text = str(problem).replace(REMEDY, "")
        yield Finding("a sandboxed kernel", text, "Mend what is missing above; in a container, see user namespaces.")


def _output(command: list[str]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip()


def _first_line(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text().strip()
    return "unknown"
