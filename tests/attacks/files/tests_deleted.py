# Deletes the tests, so that an earlier score might stay. Expected: failed.
hand_in("def double(x):\n    return 0")
change(lambda nb: nb.update(cells=[cell for cell in nb["cells"] if not cell["id"].startswith("test")]))
