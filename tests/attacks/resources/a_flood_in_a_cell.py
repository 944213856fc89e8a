# Prints without end while its cell runs, and ends its process when no memory is left. Expected: failed.
import os

try:
    while True:
        print("x" * 100_000)
except MemoryError:
    os._exit(1)


def double(x):
    return 2 * x
