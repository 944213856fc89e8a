# Puts another socket in the place of the one that the judge talks to. Expected: failed.
import os
import socket


def double(x):
    for name in os.listdir("/run/sockets"):
        os.rename(f"/run/sockets/{name}", f"/run/sockets/old-{name}")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(f"/run/sockets/{name}")
    return 2 * x
