# Names a shell as its kernel and another language as its own. Expected: passed.
change(lambda nb: nb["metadata"].update(kernelspec={"name": "bash", "language": "c"}, language_info={"name": 5}))
