# Takes more memory than it may. Expected: failed.
def double(x):
    hoard = [bytes(b"x") * 2**20 for _ in range(1_000)]
    return 2 * x
