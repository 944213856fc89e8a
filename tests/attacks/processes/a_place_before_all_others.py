# Makes itself more important than the grader. Expected: failed.
import os


def double(x):
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    return 2 * x
