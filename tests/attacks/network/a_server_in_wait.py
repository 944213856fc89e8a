# Waits for somebody to call in: nobody can. Expected: failed.
import socket


def double(x):
    with socket.create_server(("0.0.0.0", 0)) as server:
        server.settimeout(0.3)
        server.accept()
    return 2 * x
