# Has cells that are no cells. Expected: could not be graded, then could not be graded.
change(lambda nb: nb.update(cells=[None, 5, "x"]))
