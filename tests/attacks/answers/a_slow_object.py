# Returns an object that takes forever to say anything about itself. Expected: failed.
import time


class Slow:
    def __getattribute__(self, name):
        time.sleep(60)


def double(x):
    return Slow()
