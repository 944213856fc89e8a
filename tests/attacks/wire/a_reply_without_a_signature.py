# Has all that follows sent unsigned. Expected: failed.
get_ipython().kernel.session.key = b""


def double(x):
    return 2 * x
