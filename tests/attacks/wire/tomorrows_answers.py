# Answers all questions that the judge will ask, before they are asked. Expected: failed.
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
    text = b'{"dict":[["value",8]]}'
    for later in range(100):
        judge.sendall(struct.pack("!QQ", number + later, len(text)) + text)
    return 0
