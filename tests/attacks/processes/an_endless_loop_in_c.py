# Loops where no interrupt is looked for. Expected: failed.
import collections
import itertools


def double(x):
    collections.deque(itertools.repeat(0), maxlen=0)
