# Prints without end while its cell runs. Expected: failed.
while True:
    print("x" * 100_000)


def double(x):
    return 2 * x
