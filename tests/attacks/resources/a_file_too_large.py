# Writes one file that is larger than any may be. Expected: failed.
def double(x):
    with open("/tmp/large", "wb") as file:
        file.write(bytes(10 * 2**20))
    return 2 * x
