# Sends so much before it is asked that the judge might wait to be heard. Expected: failed.
import threading

from tools import judges_line


def flood(judge):
    judge.setblocking(True)
    while True:
        judge.sendall(bytes(2**20))


def double(x):
    threading.Thread(target=flood, args=[judges_line()[0]], daemon=True).start()
    return 0
