# Prints without end while its cell runs. Expected: failed.
def double(x):
    return 2 * x


while True:
    print("x" * 100_000)
