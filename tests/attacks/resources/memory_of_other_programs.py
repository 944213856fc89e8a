# Takes memory in programs that share nothing with the warm process. Expected: failed.
import subprocess
import sys
import time


def double(x):
    code = "import os, time; hoard = os.urandom(1) * (30 * 2**20); time.sleep(60)"
    for _ in range(12):
        subprocess.Popen([sys.executable, "-S", "-c", code])
    time.sleep(0.9)
    return 2 * x
