# Answers with an array of a type that is a bomb itself. Expected: failed.
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = '{"dict":[["value",{"array":["(100000,100000)f8",[1],"AAAAAAAAAAA="]}]]}'
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
