# Makes shared memory that outlives its process. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).shmget(0, 4096, 0o1600) >= 0 else 0
