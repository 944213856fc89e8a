# Takes a little too much memory in each of many processes. Expected: failed.
import os
import time


def double(x):
    for _ in range(12):
        if os.fork() == 0:
            hoard = os.urandom(1) * (40 * 2**20)
            time.sleep(60)
            os._exit(len(hoard) and 0)
    time.sleep(0.8)
    return 2 * x
