# Forks until it can fork no more. Expected: failed.
import os
import time


def double(x):
    count = 0
    for _ in range(500):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
    return 2 * x
