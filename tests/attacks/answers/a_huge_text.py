# Returns a text of eighty million letters. Expected: failed.
def double(x):
    return "8" * 80_000_000
