# Returns a list that contains itself. Expected: failed.
def double(x):
    loop = [x]
    loop.append(loop)
    return loop
