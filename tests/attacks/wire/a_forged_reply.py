# Sends a signed reply of its own before the true one. Expected: failed.
import sys


def line():
    """Find what the kernel will send its reply with."""
    frame = sys._getframe()
    while frame.f_code.co_name != "execute_request":
        frame = frame.f_back
    return [frame.f_locals[name] for name in ("stream", "parent", "ident")]


def double(x):
    stream, parent, ident = line()
    content = {"status": "ok", "user_expressions": {"answer": {"status": "ok", "data": {"text/plain": "passed"}}}}
    get_ipython().kernel.session.send(stream, "execute_reply", content, parent, ident=ident)
    return 2 * x
