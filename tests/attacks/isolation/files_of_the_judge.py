# Writes where the judge's files and its own connection lie. Expected: failed.
import os


def double(x):
    for folder in ("/run", "/run/in", "/run/shared", "/run/sockets", "@runs@"):
        try:
            with open(os.path.join(folder, "mark"), "w"):
                return 2 * x
        except OSError:
            pass
    os.chmod("/run/shared", 0o777)
    return 2 * x
