# Sends bytes that are no answer. Expected: failed.
import os
import sys


def line():
    """Find the judge's line, and the number of its question."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_reply":
        frame = frame.f_back
    return frame.f_locals["line"], frame.f_locals["number"]


def double(x):
    line()[0].sendall(os.urandom(1000))
    return 2 * x
