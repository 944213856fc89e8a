# Hands in a pipe that nobody ever writes to. Expected: passed.
import os

os.mkfifo(folder / "data.csv")
