# Hands in a device that never ends, where the machine lets somebody make one. Expected: passed.
import contextlib
import os
import stat

with contextlib.suppress(PermissionError):
    os.mknod(folder / "data.csv", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
