# Makes a link to the gradebook where it may write, and reads that. Expected: failed.
import os


def double(x):
    os.symlink("@gradebook@", f"/tmp/link{x}")
    print(open(f"/tmp/link{x}").read())
    return 2 * x
