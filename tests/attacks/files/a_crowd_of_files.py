# Hands in more files than are graded. Expected: passed.
(folder / "crowd").mkdir()
for number in range(900):
    (folder / "crowd" / f"{number}").touch()
