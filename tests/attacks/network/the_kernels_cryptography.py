# Opens a socket to the system's cryptography, a place of many old holes. Expected: failed.
import socket


def double(x):
    with socket.socket(38, socket.SOCK_SEQPACKET):
        return 2 * x
