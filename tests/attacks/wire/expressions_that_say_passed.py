# Lets the shell answer every question about the function with what it likes. Expected: failed.
shell = get_ipython()
truth = shell.user_expressions
forged = {"answer": {"status": "ok", "data": {"text/plain": '{"dict":[["value",true]]}'}}}
shell.user_expressions = lambda asked: forged if "double" in str(asked) else truth(asked)


def double(x):
    return 0
