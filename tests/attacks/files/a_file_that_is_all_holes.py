# Hands in a file of holes that is larger than any may be. Expected: could not be graded, then could not be graded.
import os

(folder / "data.bin").touch()
os.truncate(folder / "data.bin", 2**26)
