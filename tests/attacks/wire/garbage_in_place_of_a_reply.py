# Ends its cell with frames that are no message, signed by nobody. Expected: failed.
import os
import sys


def line():
    """Find what the kernel will send this cell's reply with."""
    frame = sys._getframe()
    while frame.f_code.co_name != "execute_request":
        frame = frame.f_back
    return [frame.f_locals[name] for name in ("stream", "parent", "ident")]


stream, _, ident = line()
for frames in ([b""], [os.urandom(1000)] * 7, [b"<IDS|MSG>"], [b"<IDS|MSG>", b"", b"{", b"{}", b"{}", b"{}"]):
    stream.send_multipart([*ident, *frames])


def double(x):
    return 2 * x
