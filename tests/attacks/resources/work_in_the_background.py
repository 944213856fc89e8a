# Uses processor time in processes that nobody waits for. Expected: failed.
import os


def double(x):
    for _ in range(8):
        if os.fork() == 0:
            while True:
                pass
    return 0
