# Has more cells than are graded. Expected: could not be graded, then could not be graded.
change(lambda nb: nb["cells"].extend(dict(nb["cells"][0]) for _ in range(3_000)))
