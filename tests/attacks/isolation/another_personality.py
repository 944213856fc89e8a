# Switches off the randomness of addresses. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).personality(0x0040000) >= 0 else 0
