# Makes a file that lies in memory and nowhere else. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).syscall(319, b"hoard", 0) >= 0 else 0
