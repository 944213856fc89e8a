# Forks inside the call, so that two processes answer one question. Expected: failed.
import os


def double(x):
    return 0 if os.fork() else 2 * x
