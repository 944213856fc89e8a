# Sends what no encoder writes. Expected: failed.
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = '{"dict":[[{"list":[]},1]]}'
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
