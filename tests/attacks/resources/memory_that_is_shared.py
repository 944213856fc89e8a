# Takes memory that is shared, and so nobody's own. Expected: failed.
import mmap


def double(x):
    hoard = [mmap.mmap(-1, 50 * 2**20) for _ in range(8)]
    for part in hoard:
        part.write(b"x" * (50 * 2**20))
    return 2 * x
