# Answers with JSON that takes a hundred times its own memory. Expected: failed.
import sys

wire = sys.modules["_judge.answering"]
truth = wire.answer


class Forged:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "[" + "{}," * 12_000_000 + "{}]"}


wire.answer = lambda asked, names: Forged() if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
