# Hands in an empty notebook, and a folder with links to a good one. Expected: failed.
hand_in("def double(x):\n    return 0")
(folder / "a").symlink_to(places["other"].parent)
(folder / "b.ipynb").symlink_to(places["master"])
