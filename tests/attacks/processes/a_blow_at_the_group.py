# Kills its process group. Expected: failed.
import os
import signal


def double(x):
    os.killpg(0, signal.SIGKILL)
