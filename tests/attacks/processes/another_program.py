# Becomes another program that never answers. Expected: failed.
import os


def double(x):
    os.execv("/bin/sleep", ["sleep", "300"])
