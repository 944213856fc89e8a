# Returns a generator that never ends. Expected: failed.
def double(x):
    while True:
        yield 2 * x
