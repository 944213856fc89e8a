# Reads the gradebook, whose path it knows. Expected: failed.
def double(x):
    with open("@gradebook@") as file:
        text = file.read()
    print(text)
    return 2 * x
