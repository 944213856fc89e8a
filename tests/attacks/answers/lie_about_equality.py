# Returns an object that is equal to everything. Expected: failed.
class Liar:
    __eq__ = __ne__ = __ge__ = __le__ = __add__ = __radd__ = __getitem__ = lambda *_: True


def double(x):
    return Liar()
