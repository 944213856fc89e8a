# Asks the system for the keys that it keeps. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).syscall(250, 0, -3, 0, 0, 0) >= 0 else 0
