# Ends its cell with a signed reply whose very structure takes a hundred times its own memory. Expected: failed.
import sys


def line():
    """Find what the kernel will send this cell's reply with."""
    frame = sys._getframe()
    while frame.f_code.co_name != "execute_request":
        frame = frame.f_back
    return [frame.f_locals[name] for name in ("stream", "parent", "ident")]


stream, parent, ident = line()
session = get_ipython().kernel.session
parts = session.serialize(session.msg("execute_reply", {}, parent), ident=ident)
parts[-1] = b'{"status":"ok","user_expressions":[' + b"{}," * 8_000_000 + b"{}]}"
parts[-5] = session.sign(parts[-4:])
stream.send_multipart(parts)


def double(x):
    return 2 * x
