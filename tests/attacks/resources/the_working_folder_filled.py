# Fills the working folder with many files. Expected: failed.
def double(x):
    for number in range(40):
        with open(f"/submission/{number}", "wb") as file:
            file.write(bytes(2**21))
    return 2 * x
