# Ends its cell with a signed reply whose very structure takes a hundred times its own memory. Expected: failed.
from tools import cells_line

stream, parent, ident = cells_line()
session = get_ipython().kernel.session
parts = session.serialize(session.msg("execute_reply", {}, parent), ident=ident)
parts[-1] = b'{"status":"ok","user_expressions":[' + b"{}," * 8_000_000 + b"{}]}"
parts[-5] = session.sign(parts[-4:])
stream.send_multipart(parts)


def double(x):
    return 2 * x
