"""Shut this process in, step by step, for good; each step is one of Linux's own means.

The guard calls `separate`, its child `arrange`, and the learner's process, the child of that one, `give_up_rights`.
Outside all this stands bubblewrap: even a process that escaped would find no network and a read-only system.
Sources: namespaces(7), user_namespaces(7), mount(2), capabilities(7), prctl(2), getrlimit(2).
"""

import contextlib
import ctypes
import errno
import os
import resource
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..judging.limits import Limits

NEW_NAMESPACES = {
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "mount": 0x00020000,
}
LATER = "mount"  # the guard keeps its view of all processes
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    0x1, 0x2, 0x4, 0x8, 0x20, 0x1000, 0x4000, 0x40000,
)  # fmt: skip
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
CAPABILITIES = 64
CAPABILITY_VERSION_3 = 0x20080522
MEGABYTE = 2**20
SMALL_FOLDER_MB = 64  # /dev/shm
NO_FURTHER = 256 * MEGABYTE  # address space that threads and libraries reserve without using it
REFUSED = """mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr unshare
setns ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd keyctl add_key request_key bpf perf_event_open
userfaultfd io_uring_setup io_uring_enter io_uring_register memfd_create memfd_secret shmget msgget semget mq_open
personality open_by_handle_at name_to_handle_at""".split()

FAMILIES = (1, 2, 10, 16)  # of sockets: Unix, IPv4, IPv6, Netlink; a network namespace does not separate all others
SIZES_OF_BUFFERS = (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33)  # the last two by force; no process pays for them
SHARED_WITHOUT_FILE = 0x21  # MAP_SHARED | MAP_ANONYMOUS: memory that a process can hold without its being counted

SUBMISSION, RUN, TEMPORARY = "/submission", "/run", "/tmp"

libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySets(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies."""
    _call("prctl", PR_SET_PDEATHSIG, 9, 0, 0, 0)


def separate() -> None:
    """Leave all namespaces of the parent but the mounts; the next child is the first process of a new one."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", sum(flag for name, flag in NEW_NAMESPACES.items() if name != LATER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def arrange(runs: str, run: str, limits: Limits, code: list[Path]) -> None:
    """Show this process its own run folder, and fresh folders of bounded size, in place of all else that changes.

    `runs` holds one folder for each kernel; of these only `run` stays, read-only but for its sockets, at `/run`, and
    its `shared` folder also where the judge knows it. Of the folders of `code`, those in the temporary one stay there.
    """
    _call("unshare", NEW_NAMESPACES[LATER])
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    hidden = {place: os.open(place, os.O_PATH) for place in code if place.is_relative_to(TEMPORARY) and place.exists()}
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount(f"{runs}/{run}", RUN, None, MS_BIND)
    _fresh(SUBMISSION, limits.disk_mb)
    _fresh(TEMPORARY, limits.disk_mb)
    for place, descriptor in hidden.items():
        os.makedirs(place, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", str(place), None, MS_BIND | MS_REC)
        os.close(descriptor)
    _fresh("/dev/shm", SMALL_FOLDER_MB)
    _fresh("/dev/pts", 1)  # bubblewrap's terminals are everybody's
    _mount("/dev/full", "/dev/zero", None, MS_BIND)  # reads the same; cannot be mapped as memory that nobody counts
    _read_only("/dev")
    os.makedirs(runs, exist_ok=True)
    _fresh(runs, 1)  # the other kernels' folders are under this one now
    os.makedirs(f"{runs}/{run}/shared")
    _mount(f"{RUN}/shared", f"{runs}/{run}/shared", None, MS_BIND)
    for place in (f"{runs}/{run}/shared", runs):
        _read_only(place)


def seal() -> None:
    """Make the run folder read-only; the sockets in it, bound by now, go on working."""
    _read_only(RUN)


def give_up_rights(limits: Limits) -> None:
    """Drop every capability and refuse what no lesson needs; nothing that this process starts gets them back."""
    _bound_resources(limits)
    for capability in range(CAPABILITIES):
        with contextlib.suppress(OSError):  # this system has fewer
            _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    drop_capabilities()
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    system_call_filter().load()


def drop_capabilities() -> None:
    """Give up the capabilities that a process has in its own user namespace."""
    header, sets = _CapabilityHeader(CAPABILITY_VERSION_3, 0), (_CapabilitySets * 2)()
    _call("capset", ctypes.byref(header), ctypes.byref(sets))


def hide() -> None:
    """Keep processes of the same user from reading this one's memory."""
    _call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def show() -> None:
    """Let this process read and write its own entries in /proc again, after it has become another user."""
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)


@cache
def system_call_filter():
    """Refuse the calls that make namespaces, look into processes, or hold memory that no limit counts."""
    import pyseccomp  # late: there is none outside Linux

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)  # calls by another architecture's door
    for name in REFUSED:
        with contextlib.suppress(OSError, ValueError):  # unknown to this machine's architecture
            rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags cannot be looked at; libraries then use clone
    shared = pyseccomp.Arg(3, pyseccomp.MASKED_EQ, SHARED_WITHOUT_FILE, SHARED_WITHOUT_FILE)
    rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "mmap", shared)
    for option in SIZES_OF_BUFFERS:
        level, name = pyseccomp.Arg(1, pyseccomp.EQ, socket.SOL_SOCKET), pyseccomp.Arg(2, pyseccomp.EQ, option)
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "setsockopt", level, name)
    for family in set(range(max(FAMILIES))) - set(FAMILIES):
        rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.GT, max(FAMILIES)))
    for flag in NEW_NAMESPACES.values():
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    return rules


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it, as far as they can be seen."""
    waiting = [pid]
    while waiting:
        yield (found := waiting.pop())
        with contextlib.suppress(OSError, ValueError):
            for thread in os.listdir(f"/proc/{found}/task"):
                waiting += map(int, Path(f"/proc/{found}/task/{thread}/children").read_text().split())


def own_memory(pid: int) -> int:
    """Return the bytes of a process that no file backs: its heap, and memory shared without a file."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem", "VmSwap")))
    return 0


def resident_memory() -> int:
    """Return the bytes of this process that lie in memory, its files' included; a third of what `own_memory` takes."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:  # a system without /proc
        return 0


def proportional_memory(pid: int) -> int:
    """Return the same with shared pages divided among those who share them; slower, and only of what can be read."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_A", "Pss_S", "SwapPss")))
    return own_memory(pid)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of the children that it has waited for."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # utime, stime, cutime, cstime: proc(5)
    return 0.0


def _bound_resources(limits: Limits) -> None:
    sizes = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines() if line[:2] == "Vm")
    used = {name: int(text.split()[0]) * 1024 for name, text in sizes.items()}
    more = limits.memory_mb * MEGABYTE + NO_FURTHER
    for what, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_FSIZE, limits.file_mb * MEGABYTE),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_DATA, used["VmData"] + more),
        (resource.RLIMIT_AS, used["VmSize"] + 2 * more),
    ):
        resource.setrlimit(what, (bound, bound))


def _fresh(place: str, megabytes: int) -> None:
    _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"size={megabytes}m,nr_inodes=16k,mode=755")


def _read_only(place: str) -> None:
    _mount(None, place, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [text if text is None else text.encode() for text in (source, target, kind)]
    try:
        _call("mount", *texts, ctypes.c_ulong(flags), data if data is None else data.encode())
    except OSError as problem:
        raise OSError(problem.errno, f"{target} cannot be mounted: {problem.strerror}") from None


def _call(name: str, *arguments) -> None:
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
