# Has a child born in namespaces of its own. Expected: failed.
import ctypes
import os


def double(x):
    child = ctypes.CDLL(None).syscall(56, 0x10000000 | 17, 0, 0, 0, 0)  # clone, a user namespace, SIGCHLD
    if child == 0:
        os._exit(0)
    return 2 * x if child > 0 else 0
