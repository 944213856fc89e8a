# Sends its answer a byte at a time, for ever. Expected: failed.
import struct
import sys
import time


def line():
    """Find the judge's line, and the number of its question."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_reply":
        frame = frame.f_back
    return frame.f_locals["line"], frame.f_locals["number"]


def double(x):
    judge, number = line()
    judge.sendall(struct.pack("!QQ", number, 2**20))
    while True:
        judge.sendall(b"x")
        time.sleep(0.01)
