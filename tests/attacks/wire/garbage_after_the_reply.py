# Sends garbage as output until long after the judge has its reply. Expected: failed.
import threading
import time


def garbage():
    for _ in range(300):
        get_ipython().kernel.iopub_socket.send_multipart([b"garbage"])
        time.sleep(0.001)


def double(x):
    get_ipython().kernel.iopub_socket.send_multipart([b"garbage"])
    threading.Thread(target=garbage, daemon=True).start()
    return 0
