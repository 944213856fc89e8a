# Answers that it raised a class that no Python can name. Expected: failed.
import json
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = json.dumps({"dict": [["raised", "a\0b"], ["text", "x"]]})
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
