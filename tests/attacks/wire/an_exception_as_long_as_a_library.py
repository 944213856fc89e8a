# Sends an error message of millions of letters past the code that cuts it. Expected: failed.
import json
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer
long = {"dict": [["raised", "ValueError"], ["text", "x" * 10**7], ["where", "y" * 10**7]]}

forged = json.dumps(long)
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
