# Announces more bytes than there are in the world, and sends none. Expected: failed.
import struct
import sys


def line():
    """Find the judge's line, and the number of its question."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_reply":
        frame = frame.f_back
    return frame.f_locals["line"], frame.f_locals["number"]


def double(x):
    judge, number = line()
    judge.sendall(struct.pack("!QQ", number, 2**63))
    return 2 * x
