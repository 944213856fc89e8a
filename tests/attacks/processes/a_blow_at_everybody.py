# Sends SIGKILL to all processes that it can reach. Expected: failed.
import os
import signal


def double(x):
    os.kill(-1, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
