# Returns a list whose iterator never ends. Expected: failed.
import itertools


class Endless(list):
    __iter__ = lambda self: itertools.repeat(8)
    __len__ = lambda self: 1


def double(x):
    return Endless([8])
