# Starts threads until it can start no more. Expected: failed.
import threading
import time


def double(x):
    for _ in range(500):
        threading.Thread(target=time.sleep, args=[60], daemon=True).start()
    return 2 * x
