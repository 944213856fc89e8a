# Sends what no encoder writes. Expected: failed.
import sys

wire = sys.modules["_judge.answering"]
truth = wire.answer


class Forged:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": '{"dict":[[{"list":[]},1]]}'}


wire.answer = lambda asked, names: Forged() if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
