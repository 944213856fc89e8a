"""Start a PostgreSQL server of Debian's packages for a test: a folder and a socket of its own, and no password."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
USER = "postgres"  # Debian's package makes it; the server refuses to run as root


def account() -> dict:
    """Say as whom to run the server: an unprivileged user, also when the tests run as root."""
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


@contextlib.contextmanager
def server() -> Iterator["Server"]:
    """Run a server until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a short path: it names a socket
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
    found = Server(folder, BINARIES[-1].parent)
    try:
        found.run("initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "--no-sync")
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A running server."""

    def __init__(self, folder: Path, binaries: Path):
        self.folder, self.binaries = folder, binaries

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        self.run("createdb", "-h", self.folder, "-U", "postgres", database)
        return self.url(database)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self.run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log", "-w", "start")

    def stop(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")

    def run(self, command: str, *arguments) -> None:
        done = subprocess.run([self.binaries / command, *map(str, arguments)], cwd=self.folder, **account(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=done.stderr)
