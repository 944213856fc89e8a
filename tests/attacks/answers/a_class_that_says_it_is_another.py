# Returns an object whose `__class__` says int. Expected: failed.
class Liar:
    __class__ = property(lambda self: int)
    __eq__ = lambda *_: True


def double(x):
    return Liar()
