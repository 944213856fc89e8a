# Looks for programs that run as root, and asks one of them. Expected: failed.
import os
import stat
import subprocess


def double(x):
    for folder in ("/usr/bin", "/bin", "/usr/sbin"):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.stat(path, follow_symlinks=False).st_mode & stat.S_ISUID and "su" in name:
                told = subprocess.run([path, "-c", "id -u"], capture_output=True, stdin=subprocess.DEVNULL, timeout=1)
                if told.stdout.strip() == b"0":
                    return 2 * x
    return 0
