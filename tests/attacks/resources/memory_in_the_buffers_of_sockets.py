# Keeps twice the memory it may have in buffers of sockets, where it belongs to no process. Expected: failed.
import contextlib
import socket
import time

PIECE = bytes(2**15)


def fill(link):
    link.setblocking(False)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**24)
    held = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            held += link.send(PIECE)
    return held


links, held = [], 0
with contextlib.suppress(OSError):  # too many open files
    while held < 400 * 2**20:  # twice what `memory_mb` says
        links += socket.socketpair()
        held += fill(links[-1]) + fill(links[-2])
time.sleep(0.5)  # the guard looks ten times a second


def double(x):
    return 2 * x if held >= 400 * 2**20 else 0
