# Hands in a pipe in the place of the notebook. Expected: could not be graded, then could not be graded.
import os

notebook.unlink()
os.mkfifo(notebook)
