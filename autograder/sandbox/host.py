"""Start the zygote, and get kernels from it.

    with Zygote() as zygote:
        kernel = SandboxedKernel(zygote.address, Limits())

Every kernel has a run folder in the zygote's: `in` for the learner's files and `shared` for the judge's, both read-only
to the learner, and `sockets`. It all goes when the owner of the zygote goes.
"""

import contextlib
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path

from ..judging.limits import Limits
from . import cgroup
from .bubblewrap import PACKAGES, command
from .homes import give_away, make_home, make_readable, sweep, unprivileged
from .isolation import MEGABYTE, RUN
from .zygote import ENDED, OUT_OF_MEMORY

PORTS = {
    name: number for number, name in enumerate(("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port"), 1)
}
PATIENCE = 120  # seconds that imports may take on a busy machine
SOCKET = "zygote.sock"
WARMED = [PACKAGES / name for name in ("course", "autograder/judging", "autograder/sandbox")]  # what zygotes import
REMEDY = "Run `autograder doctor` to see what is missing; `--unsafe` grades without a sandbox."


class SandboxUnavailable(ValueError):
    """Say why no learner's code can be shut in here, and what to do."""


class Zygote:
    """Own the warm process, until `close` or the end of this process."""

    def __init__(self, cold: bool = False):
        if not sys.platform.startswith("linux") or not shutil.which("bwrap"):
            raise SandboxUnavailable(f"There is no sandbox: bubblewrap is missing. {REMEDY}")
        self.stamp = stamp()
        sweep()
        self.folder, self.owner = make_home()
        self.address = str(self.folder)
        give_away(self.folder)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(f"{self.folder}/{SOCKET}")
            listener.listen(128)
            arguments = [sys.executable, "-P", "-B", "-m", "autograder.sandbox.zygote"]
            arguments += ["--socket", str(listener.fileno()), "--runs", self.address, "--user", str(unprivileged())]
            self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
            self.process = subprocess.Popen(
                command([*arguments, *(["--cold"] if cold else [])], writable=self.folder),
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,  # our end of it closes with us, and the zygote ends
                stdout=subprocess.DEVNULL,
                stderr=self.log,
            )

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def is_fresh(self) -> bool:
        """Tell whether it lives, and nothing that it imported has changed since."""
        return self.process.poll() is None and self.stamp == stamp()

    def wait_until_warm(self) -> None:
        """Return when it serves; raises `SandboxUnavailable` with what it said when it does not."""
        try:
            SandboxedKernel(self.address, Limits()).close()
        except SandboxUnavailable as problem:
            raise SandboxUnavailable(f"{problem} {self.complaint()}".strip()) from None

    def complaint(self) -> str:
        """Return the last line that the zygote wrote to standard error."""
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End it, with every kernel that came from it."""
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.owner.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class SandboxedKernel:
    """A kernel that is being forked, or was: connect to `connection_info`; `close` kills it."""

    def __init__(self, address: str, limits: Limits):
        self.run = Path(address, f"run-{secrets.token_hex(4)}")
        self.files, self.shared, self.sockets = (self.run / name for name in ("in", "shared", "sockets"))
        self.limits, self.reason, self.group = limits, "", None
        inside = {
            **PORTS,
            "transport": "ipc",
            "ip": "/run/sockets/k",
            "key": secrets.token_hex(16),
            "signature_scheme": "hmac-sha256",
        }
        self.connection_info = inside | {"ip": f"{self.run}/sockets/k", "key": inside["key"].encode()}
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.settimeout(PATIENCE)
        try:
            for folder in (self.run, self.files, self.shared, self.sockets):
                folder.mkdir(mode=0o755)
                give_away(folder)
            (self.run / "connection.json").write_text(json.dumps(inside), encoding="utf-8")
            self.line.connect(f"{address}/{SOCKET}")
            self.line.send(json.dumps({"run": self.run.name, "limits": asdict(limits)}).encode())
            answer = json.loads(self.line.recv(4096) or b"{}")
            if "pid" not in answer:
                raise SandboxUnavailable(f"The sandbox does not start. {answer.get('ended', '')} {REMEDY}")
            self.pid = answer["pid"]
            self.group = cgroup.enclose(self.pid, limits, self.run.name)
            self.line.send(b"start")
        except OSError as problem:
            self.close()
            raise SandboxUnavailable(f"The sandbox does not answer ({problem}). {REMEDY}") from None
        except SandboxUnavailable:
            self.close()
            raise

    def begin(self, folder: Path) -> None:
        """Hand over a copy of the learner's files and let the clock run; raises `ValueError` for too large ones."""
        size = sum(path.lstat().st_size for path in folder.rglob("*")) / MEGABYTE
        if size > self.limits.disk_mb:
            raise ValueError(f"its files are {size:,.0f} MB, and there is room for {self.limits.disk_mb} MB.")
        try:
            shutil.copytree(folder, self.files, dirs_exist_ok=True, symlinks=True)
            make_readable(self.files)
        except OSError:
            if self.is_orphaned():
                raise SandboxUnavailable(f"The sandbox has ended. {REMEDY}") from None
            raise
        with contextlib.suppress(OSError):
            self.line.send(b"begin")

    def show(self, path: Path) -> str:
        """Let the kernel use a file in its run folder, and return the file's path there."""
        give_away(path)
        return f"{RUN}/{path.relative_to(self.run)}"

    def ended(self) -> bool:
        """Tell whether the kernel has ended; `reason` says why."""
        if not self.reason:
            self.line.settimeout(0)
            try:
                self.reason = json.loads(self.line.recv(4096) or b"{}").get("ended", ENDED)
            except BlockingIOError:
                return False
            except (OSError, ValueError):
                self.reason = ENDED
            if cgroup.ran_out_of_memory(self.group):
                self.reason = OUT_OF_MEMORY.format(self.limits.memory_mb)
        return True

    def is_orphaned(self) -> bool:
        """Tell whether the zygote is gone: its kernels end with it, and that is no learner's doing."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            return line.connect_ex(f"{self.run.parent}/{SOCKET}") != 0

    def close(self) -> None:
        """Kill the kernel, wait for its end, and remove its folder."""
        with contextlib.suppress(OSError, ValueError):
            self.line.shutdown(socket.SHUT_WR)
            self.line.settimeout(5)
            while not self.reason and (message := self.line.recv(4096)):
                self.reason = json.loads(message).get("ended", "")
        self.line.close()
        cgroup.remove(self.group)
        self.reason = self.reason or ENDED
        shutil.rmtree(self.run, ignore_errors=True)


@cache
def works_here() -> bool:
    """Tell whether learners' code can be shut in on this host, by trying."""
    with contextlib.suppress(SandboxUnavailable), Zygote(cold=True) as zygote:
        zygote.wait_until_warm()
        return True
    return False


def stamp() -> tuple:
    """Return what changes when a package is installed, or the code that the zygote imported is edited."""
    places = [Path(folder) for folder in sys.path if folder.endswith("-packages")]
    places += [path for folder in WARMED for path in folder.rglob("*.py")]
    return tuple((str(place), place.stat().st_mtime_ns) for place in sorted(places) if place.exists())
