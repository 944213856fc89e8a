# Says that it is not implemented, after having been edited. Expected: not attempted.
def double(x):
    raise NotImplementedError
