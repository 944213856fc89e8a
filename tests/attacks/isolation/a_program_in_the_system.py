# Loads a program into the system's kernel. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).syscall(321, 0, bytes(128), 128) >= 0 else 0
