# Raises an exception whose text never comes. Expected: failed.
class Silent(Exception):
    def __str__(self):
        while True:
            pass
        return ""


def double(x):
    raise Silent
