# Hands in a link to another learner's notebook. Expected: could not be graded, then could not be graded.
import shutil

shutil.copyfile(notebook, places["other"].with_suffix(".ipynb"))
notebook.unlink()
notebook.symlink_to(places["other"].with_suffix(".ipynb"))
