# Ends its cell with signed replies whose parts have every type but the right one. Expected: failed.
import sys


def line():
    """Find what the kernel will send this cell's reply with."""
    frame = sys._getframe()
    while frame.f_code.co_name != "execute_request":
        frame = frame.f_back
    return [frame.f_locals[name] for name in ("stream", "parent", "ident")]


stream, parent, ident = line()
for content in ({"status": ["error"], "ename": {}, "evalue": 5, "user_expressions": {"answer": {"data": 5}}}, {}):
    get_ipython().kernel.session.send(stream, "execute_reply", content, parent, ident=ident)


def double(x):
    return 0
