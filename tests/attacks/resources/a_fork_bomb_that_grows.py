# Has every child fork as well. Expected: failed.
import os


def double(x):
    while True:
        try:
            os.fork()
        except OSError:
            pass
