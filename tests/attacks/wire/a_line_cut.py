# Hangs up on the judge in the middle of a question. Expected: failed.
import sys


def line():
    """Find the judge's line, and the number of its question."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_reply":
        frame = frame.f_back
    return frame.f_locals["line"], frame.f_locals["number"]


def double(x):
    line()[0].close()
    return 2 * x
