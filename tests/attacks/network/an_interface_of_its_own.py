# Adds an interface to its own network. Expected: failed.
import fcntl
import socket
import struct


def double(x):
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
    return 2 * x
