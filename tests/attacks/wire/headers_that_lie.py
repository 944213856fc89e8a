# Ends its cell with signed messages with dates, parents and kinds that are none. Expected: failed.
import json

from tools import cells_line

stream, _, ident = cells_line()
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
