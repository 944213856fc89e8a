"""What several attacks use: `from tools import ...` in an attack stands for the source of this file."""

import sys


def judges_line():
    """Find the judge's line, and the number of its question, from inside a call."""
    found = _locals_of("_reply")
    return found["line"], found["number"]


def cells_line():
    """Find what the kernel will send the reply of this cell with."""
    found = _locals_of("execute_request")
    return [found[name] for name in ("stream", "parent", "ident")]


def _locals_of(caller):
    frame = sys._getframe()
    while frame.f_code.co_name != caller:
        frame = frame.f_back
    return frame.f_locals
