# Sends its reply unsigned. Expected: failed.
def double(x):
    get_ipython().kernel.session.key = b""
    return 2 * x
