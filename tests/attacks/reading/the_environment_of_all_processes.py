# Looks for secrets in the environment of every process that it sees. Expected: failed.
import glob


def double(x):
    found = b""
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                found += file.read()
        except OSError:
            pass
    print(found)
    return 2 * x if b"API_TOKEN" in found else 0
