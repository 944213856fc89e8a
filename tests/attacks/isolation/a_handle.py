# Opens a file by its number, whatever folder it lies in. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).syscall(304, -100, bytes(64), 0) >= 0 else 0
