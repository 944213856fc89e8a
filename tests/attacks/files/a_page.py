# Is a page of the web. Expected: could not be graded, then could not be graded.
notebook.write_bytes(b"<!doctype html><title>canary</title>")
