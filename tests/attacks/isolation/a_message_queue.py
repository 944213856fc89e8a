# Makes a message queue that outlives its process. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).msgget(0, 0o1600) >= 0 else 0
