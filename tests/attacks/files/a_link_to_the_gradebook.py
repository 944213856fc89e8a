# Hands in a link to the gradebook as a data file. Expected: failed.
hand_in("def double(x):\n    print(open('data.csv').read())\n    return 2 * x")
(folder / "data.csv").symlink_to(places["gradebook"])
