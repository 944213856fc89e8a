# Leaves shells behind that start each other again. Expected: failed.
import subprocess


def double(x):
    for _ in range(5):
        subprocess.Popen("trap '' TERM HUP INT; while :; do sleep 0.1; done", shell=True, start_new_session=True)
    return 0
