# Ends the process without cleaning up. Expected: failed.
import os


def double(x):
    os._exit(0)
