# Is of a format that nobody knows. Expected: passed.
change(lambda nb: nb.update(nbformat=99, nbformat_minor="x"))
