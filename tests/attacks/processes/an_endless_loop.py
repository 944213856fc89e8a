# Loops and ignores every interrupt. Expected: failed.
import signal


def double(x):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
