# Is larger than anything that is read. Expected: could not be graded, then could not be graded.
notebook.write_bytes(b" " * (51 * 2**20))
