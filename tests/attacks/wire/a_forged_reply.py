# Sends an answer of its own before the true one. Expected: failed.
import struct

from tools import judges_line


def double(x):
    judge, number = judges_line()
    text = b'{"dict":[["value","passed"]]}'
    judge.sendall(struct.pack("!QQ", number, len(text)) + text)
    return 2 * x
