# Has a cell whose source is a dict. Expected: could not be graded, then could not be graded.
change(lambda nb: nb["cells"][0].update(source={"a": 1}))
