# Has numbers and lists where metadata should be. Expected: passed.
change(lambda nb: (nb.update(metadata=5), [cell.update(metadata=[1], id=7, outputs=3) for cell in nb["cells"]]))
