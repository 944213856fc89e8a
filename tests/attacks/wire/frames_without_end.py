# Writes one message of endless frames straight to the judge's sockets, to fill the judge's memory. Expected: failed.
import contextlib
import os
import socket
import struct
import threading


def flood(number):
    frame = struct.pack(">BQ", 3, 2**23) + bytes(2**23)  # a large frame, and more to come
    link = socket.socket(fileno=number)
    link.setblocking(True)
    with contextlib.suppress(OSError):
        while True:
            link.sendall(frame)


def double(x):
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):
            if "socket" in os.readlink(f"/proc/self/fd/{number}"):
                threading.Thread(target=flood, args=[os.dup(number)], daemon=True).start()
    while True:
        pass
