# Returns an array of no numbers, all of which are equal to anything. Expected: failed.
import numpy


def double(x):
    return numpy.empty(0)
