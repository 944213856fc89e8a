# Fills the temporary folder with many files. Expected: failed.
def double(x):
    for number in range(40):
        with open(f"/tmp/{number}", "wb") as file:
            file.write(bytes(2**21))
    return 2 * x
