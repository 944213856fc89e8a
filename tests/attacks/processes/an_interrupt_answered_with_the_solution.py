# Computes the answer only when it is told to stop, long after its time. Expected: failed.
import time


def double(x):
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        return 2 * x
