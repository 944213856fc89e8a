# Tags the tests as cells that are never to be run. Expected: failed.
hand_in("def double(x):\n    return 0")
change(lambda nb: [cell["metadata"].update(tags=["skip-execution", "raises-exception"]) for cell in nb["cells"]])
