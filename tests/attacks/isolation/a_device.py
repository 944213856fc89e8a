# Makes a device that is the machine's memory. Expected: failed.
import os
import stat


def double(x):
    os.mknod("/tmp/memory", 0o600 | stat.S_IFCHR, os.makedev(1, 1))
    return 2 * x
