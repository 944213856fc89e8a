"""Start a process inside bubblewrap: no network, a read-only system, a cleared environment, and few files to see."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from .isolation import RUN, SUBMISSION, TEMPORARY

PACKAGES = Path(__file__).resolve().parents[2]  # holds `autograder` and `course`
SYSTEM = "/usr /bin /sbin /lib /lib32 /lib64 /libx32".split()
SETTINGS = """/etc/alternatives /etc/fonts /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/localtime
/etc/mime.types""".split()
GRADING = {  # the variables of every learner's kernel, confined or not
    "COURSE_TIER": "bundled",  # a set-up cell need not import torch to find that out
    "MPLBACKEND": "Agg",
    "NBGRADER_EXECUTION": "autograde",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(PACKAGES),
    "TOKENIZERS_PARALLELISM": "false",
}
ENVIRONMENT = GRADING | {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a fork would lose that thread
    "HF_HUB_OFFLINE": "1",
    "HOME": SUBMISSION,
    "IPYTHONDIR": f"{TEMPORARY}/ipython",
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": f"{TEMPORARY}/matplotlib",
    "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
    "USER": "learner",
}


def command(arguments: Iterable[str], writable: Path) -> list[str]:
    """Build the command line that runs `arguments` where, of everything on disk, only `writable` can be written."""
    line = [
        shutil.which("bwrap") or "bwrap",
        "--die-with-parent",
        "--new-session",
        *("--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--clearenv"),
    ]
    if os.getuid() == 0:  # root needs no user namespace, and the zygote must be able to become somebody else
        line += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        line += ["--unshare-user"]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    for place in SYSTEM:
        if os.path.islink(place):
            line += ["--symlink", os.readlink(place), place]
        elif os.path.isdir(place):
            line += ["--ro-bind", place, place]
    line += ["--bind", "/proc", "/proc", "--dev", "/dev"]
    line += ["--perms", "1777", "--tmpfs", TEMPORARY, "--perms", "1777", "--tmpfs", "/dev/shm"]  # the zygote's own
    shown = (*map(Path, SETTINGS), *python_folders(), writable)
    parents = {parent for place in shown for parent in list(place.parents)[:-1]}
    for place in (*sorted(map(str, parents), key=len), SUBMISSION, RUN):
        if not place.startswith("/usr"):
            line += ["--perms", "0755", "--dir", place]
    for place in (*SETTINGS, *python_folders()):
        line += ["--ro-bind-try", str(place), str(place)]
    line += ["--bind", str(writable), str(writable), "--remount-ro", "/", "--chdir", "/"]
    return [*line, "--", *arguments]


def python_folders() -> list[Path]:
    """List the folders of this Python and of the packages that it runs."""
    folders = [PACKAGES / "autograder", PACKAGES / "course"]
    folders += [Path(folder).resolve() for folder in (sys.base_prefix, sys.prefix)]
    return [folder for folder in dict.fromkeys(folders) if not folder.is_relative_to("/usr")]
