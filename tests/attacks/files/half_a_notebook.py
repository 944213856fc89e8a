# Stops in the middle. Expected: could not be graded, then could not be graded.
notebook.write_bytes(notebook.read_bytes()[:500])
