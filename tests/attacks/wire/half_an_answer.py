# Announces an answer, sends half of it, and waits for the judge to wait. Expected: failed.
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
    judge.sendall(struct.pack("!QQ", number, 1000) + b"x" * 500)
    time.sleep(3600)
