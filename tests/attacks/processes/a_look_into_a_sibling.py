# Attaches to another process of its own. Expected: failed.
import ctypes
import subprocess


def double(x):
    other = subprocess.Popen(["/bin/sleep", "30"])
    seize = 0x4206
    return 2 * x if ctypes.CDLL(None).ptrace(seize, other.pid, 0, 0) == 0 else 0
