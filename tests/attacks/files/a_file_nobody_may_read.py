# Hands in a file that its own owner may not read. Expected: passed.
(folder / "data.csv").write_text("x")
(folder / "data.csv").chmod(0)
(folder / "data").mkdir(mode=0)
