# Dies, and leaves a child that answers in its place, later. Expected: failed.
import os
import time


def double(x):
    if os.fork() == 0:
        time.sleep(0.3)
        return 2 * x
    os._exit(0)
