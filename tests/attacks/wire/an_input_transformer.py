# Turns every later cell into nothing. Expected: failed, then failed.
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\n"])


def double(x):
    return 0
