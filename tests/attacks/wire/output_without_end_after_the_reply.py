# Keeps a thread putting small messages out, so that the judge never sees the last one. Expected: failed.
import threading


def chatter():
    kernel = get_ipython().kernel
    while True:
        kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "busy"})


def double(x):
    for _ in range(4):
        threading.Thread(target=chatter, daemon=True).start()
    return 0
