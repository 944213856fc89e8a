# Matches a pattern that takes longer than the universe is old. Expected: failed.
import re


def double(x):
    return 2 * x if re.match("(a|a)*$", "a" * 60 + "b") is None else 0
