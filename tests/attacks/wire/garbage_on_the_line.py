# Sends bytes that are no answer. Expected: failed.
import os

from tools import judges_line


def double(x):
    judges_line()[0].sendall(os.urandom(1000))
    return 2 * x
