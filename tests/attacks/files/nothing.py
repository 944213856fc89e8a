# Is empty. Expected: could not be graded, then could not be graded.
notebook.write_bytes(b"")
