# Ends its cell with frames that are no message, signed by nobody. Expected: failed.
import os

from tools import cells_line

stream, _, ident = cells_line()
for frames in ([b""], [os.urandom(1000)] * 7, [b"<IDS|MSG>"], [b"<IDS|MSG>", b"", b"{", b"{}", b"{}", b"{}"]):
    stream.send_multipart([*ident, *frames])


def double(x):
    return 2 * x
