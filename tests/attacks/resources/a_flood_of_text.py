# Prints without end. Expected: failed.
def double(x):
    while True:
        print("x" * 100_000)
