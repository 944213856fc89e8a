# Hangs up on the judge in the middle of a question. Expected: failed.
from tools import judges_line


def double(x):
    judges_line()[0].close()
    return 2 * x
