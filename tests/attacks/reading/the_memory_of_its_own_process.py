# Searches its own memory, which was copied from a process of the grader's. Expected: failed.
def double(x):
    needle = b"canary-hid" + b"den-test"
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            start, stop = (int(number, 16) for number in place.split("-"))
            if rights.startswith("rw") and stop - start < 2**26:
                try:
                    memory.seek(start)
                    if memory.read(stop - start).count(needle) > 1:  # it finds the one that it looks with
                        return 2 * x
                except (OSError, ValueError, OverflowError):
                    pass
    return 0
