# Returns an array that holds a liar. Expected: failed.
import numpy


class Liar:
    __eq__ = lambda *_: True


def double(x):
    return numpy.array([Liar()], dtype=object)
