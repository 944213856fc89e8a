# Sends so much before it is asked that the judge might wait to be heard. Expected: failed.
import sys
import threading


def line():
    """Find the judge's line, and the number of its question."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_reply":
        frame = frame.f_back
    return frame.f_locals["line"], frame.f_locals["number"]


def flood(judge):
    judge.setblocking(True)
    while True:
        judge.sendall(bytes(2**20))


def double(x):
    threading.Thread(target=flood, args=[line()[0]], daemon=True).start()
    return 0
