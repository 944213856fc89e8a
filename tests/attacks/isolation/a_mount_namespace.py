# Takes a mount namespace of its own. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).unshare(0x00020000) >= 0 else 0
