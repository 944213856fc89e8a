# Handles the page faults of the system itself. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).syscall(323, 0) >= 0 else 0
