# Writes to standard error without end. Expected: failed.
import sys


def double(x):
    while True:
        sys.stderr.write("x" * 100_000)
