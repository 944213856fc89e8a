# Never comes to the end of its exit. Expected: failed, then failed.
import atexit
import threading
import time

atexit.register(time.sleep, 300)
threading.Thread(target=time.sleep, args=[300]).start()


def double(x):
    get_ipython().ask_exit()
    return 0
