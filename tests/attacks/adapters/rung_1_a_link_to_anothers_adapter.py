# A link to a folder in which a good adapter lies.
import shutil

shutil.move(adapter, adapter.with_name("good"))
adapter.symlink_to(adapter.with_name("good"))
