# Reads the secret seed, whose path it knows. Expected: failed.
def double(x):
    with open("@seed@") as file:
        text = file.read()
    print(text)
    return 2 * x
