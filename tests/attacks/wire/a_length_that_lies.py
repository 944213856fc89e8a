# Announces more bytes than there are in the world, and sends none. Expected: failed.
import struct

from tools import judges_line


def double(x):
    judge, number = judges_line()
    judge.sendall(struct.pack("!QQ", number, 2**63))
    return 2 * x
