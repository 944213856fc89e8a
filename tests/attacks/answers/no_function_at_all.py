# Deletes the function after defining it. Expected: failed.
def double(x):
    return 2 * x


del double
raise SystemExit
