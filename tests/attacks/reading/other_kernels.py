# Looks for the folders and sockets of other learners' kernels. Expected: failed.
import glob
import os


def double(x):
    found = glob.glob("@runs@/*") + glob.glob("@runs@/*/*.json") + glob.glob("/tmp/ag-*/*")
    found = [path for path in found if not os.path.isdir(path) or os.listdir(path) not in ([], ["shared"])]
    return 2 * x if found or len(os.listdir("/run/in")) > 1 else 0
