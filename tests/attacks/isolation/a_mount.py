# Mounts a file system. Expected: failed.
import ctypes


def double(x):
    return 2 * x if ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None) >= 0 else 0
