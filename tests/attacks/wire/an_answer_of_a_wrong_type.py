# Answers that it raised a number. Expected: failed.
import sys

wire = sys.modules["_judge.answering"]
truth = wire.answer


class Forged:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": '{"dict":[["raised",5],["text","x"]]}'}


wire.answer = lambda asked, names: Forged() if "double" in asked and "args" in asked else truth(asked, names)


def double(x):
    return 0
