# Writes into the system, and into the course that others import. Expected: failed.
import os
import sys

import course


def double(x):
    for folder in ("/usr", "/usr/lib", "/etc", "/", "/dev", os.path.dirname(course.__file__), sys.prefix, "/proc/sys"):
        try:
            with open(os.path.join(folder, "mark"), "w"):
                return 2 * x
        except OSError:
            pass
    return 0
