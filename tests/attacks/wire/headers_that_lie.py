# Ends its cell with signed messages with dates, parents and kinds that are none. Expected: failed.
import json
import sys


def line():
    """Find what the kernel will send this cell's reply with."""
    frame = sys._getframe()
    while frame.f_code.co_name != "execute_request":
        frame = frame.f_back
    return [frame.f_locals[name] for name in ("stream", "parent", "ident")]


stream, _, ident = line()
session = get_ipython().kernel.session
for header, parent in (
    ({"msg_type": 5, "msg_id": [], "date": "0000-00-00"}, {}),
    ({"msg_type": "execute_reply", "date": {}}, [1]),
    ([], "text"),
    ({}, {}),
):
    parts = session.serialize(session.msg("execute_reply", {}))
    parts[2:4] = json.dumps(header).encode(), json.dumps(parent).encode()
    parts[1] = session.sign(parts[2:6])
    stream.send_multipart([*ident, *parts])


def double(x):
    return 2 * x
