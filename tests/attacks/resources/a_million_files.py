# Makes more files than a folder may hold. Expected: failed.
import os


def double(x):
    for number in range(20_000):
        os.close(os.open(f"/tmp/{number}", os.O_CREAT | os.O_WRONLY))
    return 2 * x
