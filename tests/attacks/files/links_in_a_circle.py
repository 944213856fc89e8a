# Hands in links that lead to each other and to the folder itself. Expected: passed.
(folder / "self").symlink_to(folder)
(folder / "one").symlink_to(folder / "other")
(folder / "other").symlink_to(folder / "one")
