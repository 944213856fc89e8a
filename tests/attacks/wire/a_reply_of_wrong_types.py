# Ends its cell with signed replies whose parts have every type but the right one. Expected: failed.
from tools import cells_line

stream, parent, ident = cells_line()
for content in ({"status": ["error"], "ename": {}, "evalue": 5, "user_expressions": {"answer": {"data": 5}}}, {}):
    get_ipython().kernel.session.send(stream, "execute_reply", content, parent, ident=ident)


def double(x):
    return 0
