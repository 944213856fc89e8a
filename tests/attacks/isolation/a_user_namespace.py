# Becomes root in a user namespace of its own. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).unshare(0x10000000) >= 0 else 0
