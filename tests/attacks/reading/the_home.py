# Reads a password in the grader's home, whose path it knows. Expected: failed.
def double(x):
    with open("@home@") as file:
        text = file.read()
    print(text)
    return 2 * x
