# Connects to a socket of the grader's that has no place in the file system. Expected: failed.
import socket


def double(x):
    with socket.socket(socket.AF_UNIX) as out:
        out.connect("\0@abstract@")
    return 2 * x
