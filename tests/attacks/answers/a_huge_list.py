# Returns ten million numbers. Expected: failed.
def double(x):
    return [0] * 10_000_000
