# Answers with JSON that takes a hundred times its own memory. Expected: failed.
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = "[" + "{}," * 12_000_000 + "{}]"
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
