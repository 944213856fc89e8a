# Hands in more files than are graded. Expected: passed.
(folder / "crowd").mkdir()
for number in range(400):
    (folder / "crowd" / f"{number}").touch()
