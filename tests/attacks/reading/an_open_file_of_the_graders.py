# Looks through all descriptors that it inherited. Expected: failed.
import os


def double(x):
    for number in range(1000):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
            inside = os.listdir(number) if os.path.isdir(f"/proc/self/fd/{number}") else []
        except OSError:
            continue
        if target.endswith((".db", ".ipynb", ".sock")) or "class" in target or "class" in inside:
            print(target)
            return 2 * x
    return 0
