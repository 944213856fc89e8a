# Has a child born in namespaces of its own, by a call whose flags no filter can read. Expected: failed.
import ctypes
import os
import struct


def double(x):
    wanted = struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    child = ctypes.CDLL(None).syscall(435, wanted, len(wanted))
    if child == 0:
        os._exit(0)
    return 2 * x if child > 0 else 0
