# Reads the instructor's notebook with its hidden tests, whose path it knows. Expected: failed.
def double(x):
    with open("@master@") as file:
        text = file.read()
    print(text)
    return 2 * x
