# Answers with a configuration of a class that is not allowed. Expected: failed.
import sys

wire = sys.modules["autograder.judging.answering"]
truth = wire.answer

forged = '{"dict":[["value",{"configuration":"os","fields":{"name":"posix"}}]]}'
wire.answer = lambda asked, names: forged if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
