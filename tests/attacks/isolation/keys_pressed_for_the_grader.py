# Types a command into the grader's terminal. Expected: failed.
import fcntl
import os


def double(x):
    for path in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/tty0", "/dev/ptmx"):
        try:
            fcntl.ioctl(os.open(path, os.O_RDWR | os.O_NOCTTY), 0x5412, b"x")
            return 2 * x
        except OSError:
            pass
    return 0
