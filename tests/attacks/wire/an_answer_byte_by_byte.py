# Sends its answer a byte at a time, for ever. Expected: failed.
import struct
import time

from tools import judges_line


def double(x):
    judge, number = judges_line()
    judge.sendall(struct.pack("!QQ", number, 2**20))
    while True:
        judge.sendall(b"x")
        time.sleep(0.01)
