# Kills its parent, which is the first process of its namespace. Expected: failed.
import os
import signal


def double(x):
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(1, signal.SIGKILL)
    return 0
