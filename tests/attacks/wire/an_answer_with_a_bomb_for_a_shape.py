# Answers with an array of eight bytes that claims a billion numbers. Expected: failed.
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = '{"dict":[["value",{"array":["<f8",[1000000000],"AAAAAAAAAAA="]}]]}'
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
