# Takes away what the kernel sends its replies with. Expected: failed.
def double(x):
    get_ipython().kernel.session = None
    return 2 * x
