# Sleeps, which costs no processor time. Expected: failed.
import time


def double(x):
    time.sleep(600)
    return 2 * x
