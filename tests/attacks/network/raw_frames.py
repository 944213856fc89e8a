# Writes frames straight to an interface. Expected: failed.
import socket


def double(x):
    with socket.socket(17, socket.SOCK_RAW, 0x0300):
        return 2 * x
