"""Make a large process cheap to fork: its memory in pages of two megabytes in the place of four kilobytes.

A fork copies the table of a process's pages, and its end takes that apart again. Measured on a process with the stack
imported, 455 MB of its own: 60 ms for a fork and its end before, 23 ms after, and each kernel takes three forks.
Source: madvise(2).
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

LARGE = 2**21
MADV_COLLAPSE = 25


def use_large_pages() -> None:
    """Gather this process's own memory in large pages, as far as the system can and wants to."""
    libc = ctypes.CDLL(None)
    for start, stop in _own_regions():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(stop - start), MADV_COLLAPSE)  # refused: as it was


def _own_regions() -> Iterator[tuple[int, int]]:
    """Yield where the memory lies that no file stands behind, in whole large pages."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, access, _, _, _, *name = line.split()
        if access == "rw-p" and name in ([], ["[heap]"]):
            start, stop = (int(address, 16) for address in addresses.split("-"))
            start, stop = -(-start // LARGE) * LARGE, stop // LARGE * LARGE
            if start < stop:
                yield start, stop
