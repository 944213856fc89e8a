# Makes another folder its root. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).chroot(b"/tmp") >= 0 else 0
