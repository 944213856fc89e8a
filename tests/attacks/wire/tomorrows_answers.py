# Answers all questions that the judge will ask, before they are asked. Expected: failed.
import struct

from tools import judges_line


def double(x):
    judge, number = judges_line()
    text = b'{"dict":[["value",8]]}'
    for later in range(100):
        judge.sendall(struct.pack("!QQ", number + later, len(text)) + text)
    return 0
