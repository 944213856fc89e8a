# Returns a function in place of a number. Expected: failed.
def double(x):
    return lambda *_: 2 * x
