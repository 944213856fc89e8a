# Reads another learner's submission, whose path it knows. Expected: failed.
def double(x):
    with open("@other@") as file:
        text = file.read()
    print(text)
    return 2 * x
