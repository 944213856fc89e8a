# Returns a subclass of int that is equal to everything. Expected: failed.
class Liar(int):
    __eq__ = lambda *_: True
    __hash__ = int.__hash__


def double(x):
    return Liar(0)
