# Opens a socket of a virtual machine's own kind, which network namespaces do not separate. Expected: failed.
import socket


def double(x):
    with socket.socket(40, socket.SOCK_STREAM):
        return 2 * x
