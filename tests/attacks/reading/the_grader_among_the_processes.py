# Looks for the grader among the processes, and into the grader's files. Expected: failed.
import os


def double(x):
    os.stat("/proc/@pid@/cmdline")
    print(os.listdir("/proc/@pid@/cwd/"))
    return 2 * x
