# Returns a number of millions of digits. Expected: failed.
def double(x):
    return 8 << 40_000_000
