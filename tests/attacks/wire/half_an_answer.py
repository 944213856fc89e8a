# Announces an answer, sends half of it, and waits for the judge to wait. Expected: failed.
import struct
import time

from tools import judges_line


def double(x):
    judge, number = judges_line()
    judge.sendall(struct.pack("!QQ", number, 1000) + b"x" * 500)
    time.sleep(3600)
