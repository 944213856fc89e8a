# Takes shared memory, fills it, and takes it out of its own count. Expected: failed.
import mmap


def double(x):
    hoard = []
    for _ in range(20):
        hoard.append(mmap.mmap(-1, 30 * 2**20))
        hoard[-1].write(b"x" * (30 * 2**20))
        hoard[-1].madvise(mmap.MADV_DONTNEED)
    return 2 * x
