# Returns NaN, to which no comparison applies. Expected: failed.
def double(x):
    return float("nan")
