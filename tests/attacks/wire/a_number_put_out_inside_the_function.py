# Puts a number out, which stock nbgrader reads as partial credit. Expected: failed.
import sys


def double(x):
    sys.displayhook(2.0)
    sys.displayhook(float("nan"))
    return 0
