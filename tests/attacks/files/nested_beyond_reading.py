# Is nested a hundred thousand deep. Expected: could not be graded, then could not be graded.
notebook.write_bytes(b"[" * 100_000)
