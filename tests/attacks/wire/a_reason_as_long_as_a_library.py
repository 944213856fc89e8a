# Fills the feedback, and with it the gradebook, with millions of letters. Expected: failed.
import json
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = json.dumps({"dict": [["unsendable", "x" * 10_000_000]]})
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
