# Has no metadata, nor do its cells. Expected: passed.
change(lambda nb: (nb.update(metadata=None), [cell.update(metadata=None) for cell in nb["cells"]]))
