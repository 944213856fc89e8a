# Hands in a hundred notebooks, each of them a little better than the last. Expected: passed.
import shutil

for number in range(100):
    shutil.copyfile(notebook, folder / f"Copy {number} of {notebook.name}")
