# Raises what a test raises when it fails, and says that it passed. Expected: failed.
def double(x):
    raise AssertionError("passed")
