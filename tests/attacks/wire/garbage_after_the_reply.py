# Sends garbage as output just when the judge has its reply, and looks no longer. Expected: failed.
import threading
import time


def garbage():
    for _ in range(300):
        get_ipython().kernel.iopub_socket.send_multipart([b"garbage"])
        time.sleep(0.001)


def double(x):
    threading.Thread(target=garbage, daemon=True).start()
    return 0
