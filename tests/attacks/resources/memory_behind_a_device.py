# Takes shared memory by way of the device of zeros. Expected: failed.
import mmap


def double(x):
    hoard = []
    with open("/dev/zero", "r+b", 0) as zeros:
        for _ in range(20):
            hoard.append(mmap.mmap(zeros.fileno(), 30 * 2**20))
            hoard[-1].write(b"x" * (30 * 2**20))
            hoard[-1].madvise(mmap.MADV_DONTNEED)
    return 2 * x
