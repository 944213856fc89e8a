# Connects to a server of the grader's machine. Expected: failed.
import socket


def double(x):
    with socket.create_connection(("127.0.0.1", int("@port@")), timeout=0.5):
        return 2 * x
