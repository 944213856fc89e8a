# Attaches to its parent as a debugger does. Expected: failed.
import ctypes
import os


def double(x):
    attach = 16
    return 2 * x if ctypes.CDLL(None).ptrace(attach, os.getppid(), 0, 0) == 0 else 0
