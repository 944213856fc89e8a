# Fills the shared memory folder with many files. Expected: failed.
def double(x):
    for number in range(40):
        with open(f"/dev/shm/{number}", "wb") as file:
            file.write(bytes(2**21))
    return 2 * x
