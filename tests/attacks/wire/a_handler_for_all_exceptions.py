# Swallows every exception that a cell raises. Expected: failed.
get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)


def double(x):
    raise ValueError
