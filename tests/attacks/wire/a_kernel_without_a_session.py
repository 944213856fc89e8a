# Takes away what the kernel sends its replies with. Expected: failed.
get_ipython().kernel.session = None


def double(x):
    return 2 * x
