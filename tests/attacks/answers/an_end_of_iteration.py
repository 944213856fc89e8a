# Raises StopIteration, which ends a test's loop over results early. Expected: failed.
def double(x):
    raise StopIteration
