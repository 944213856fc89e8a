# Answers yesterday's questions once more, and tomorrow's before they are asked. Expected: failed.
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
    for step in (-2, -1, 1, 2):
        judge.sendall(struct.pack("!QQ", number + step, len(text)) + text)
    return 0
