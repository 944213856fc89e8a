# Becomes root. Expected: failed.
import os


def double(x):
    os.setuid(0)
    return 2 * x
