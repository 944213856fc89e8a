# Never comes to the end of its cell. Expected: failed.
def double(x):
    return 2 * x


while True:
    pass
