# Opens files until it can open no more. Expected: failed.
def double(x):
    hoard = [open("/dev/null") for _ in range(1_000)]
    return 2 * x * (len(hoard) > 0)
