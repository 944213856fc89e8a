# A file that is called like the folder.
import shutil

shutil.rmtree(adapter)
adapter.write_text("x")
