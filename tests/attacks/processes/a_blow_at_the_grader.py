# Kills the grader, whose number it knows. Expected: failed.
import os
import signal


def double(x):
    os.kill(int("@pid@"), signal.SIGKILL)
    return 2 * x
