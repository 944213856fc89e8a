# Sends what it knows by IPv6. Expected: failed.
import socket


def double(x):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as out:
        out.sendto(b"canary", ("2001:db8::1", 53))
    return 2 * x
