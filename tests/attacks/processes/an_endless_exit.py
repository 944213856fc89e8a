# Leaves, and never comes to the end of its exit. Expected: failed.
import atexit
import sys
import threading
import time

atexit.register(time.sleep, 300)
threading.Thread(target=time.sleep, args=[300]).start()


def double(x):
    try:
        sys.exit()
    finally:
        time.sleep(300)
