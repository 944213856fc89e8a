# Leaves a process behind that belongs to no session of the kernel's. Expected: failed.
import os
import time


def double(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(300)
        os._exit(0)
    return 0
