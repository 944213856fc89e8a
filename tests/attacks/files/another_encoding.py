# Is text in another encoding. Expected: could not be graded, then could not be graded.
notebook.write_bytes(notebook.read_text().encode("utf-16"))
