# Writes to the descriptors below Python's own. Expected: failed.
import os


def double(x):
    while True:
        os.write(1, b"x" * 100_000)
        os.write(2, b"x" * 100_000)
