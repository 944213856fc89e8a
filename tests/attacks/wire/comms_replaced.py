# Replaces what outputs go through. Expected: failed.
shell = get_ipython()
shell.display_pub.publish = lambda *_, **__: None
shell.kernel.comm_manager = None


def double(x):
    return 0
