# Hands in a socket. Expected: passed.
import contextlib
import os
import socket

with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(folder):
    server.bind("data")
assert os.path.exists(folder / "data")
