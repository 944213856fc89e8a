"""Answer the judge's questions inside the learner's process.

The source of this module and of `codec` is sent to the kernel and runs there in modules of its own, so that no name a
learner chooses (`json`, `decode`, ...) can get in the way. A question and its answer are dicts of plain data:

    {"name": "merge"}                            -> {"value": ...} or {"function": "merge"} or {"missing": True}
    {"name": "merge", "args": [...], "kwargs": {...}} -> {"value": ...} or {"raised": ...} or {"changed": "W"}
    the same with {"gradient": g}                -> {"value": [the gradient of each tensor argument, or None]}
    {"seed": 1}                                  -> {"value": None}

What cannot be sent back is answered with {"unsendable": "a generator; return a list"}.
"""

import inspect
import random
import sys
import traceback

from .codec import NotPlainData, decode, encode

LONGEST = 500  # characters of an exception's text


class Answer:
    """Show one encoded answer to the kernel's display machinery, whatever formatters the learner has set."""

    def __init__(self, answer):
        try:
            self.text = encode(answer)
        except NotPlainData as reason:
            self.text = encode({"unsendable": str(reason)})

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": self.text}


def answer(question, names):
    """Answer an encoded question about the learner's `names`."""
    question = decode(question)
    if "seed" in question:
        return Answer({"value": _seed(question["seed"])})
    if question["name"] not in names:
        return Answer({"missing": True})
    value = names[question["name"]]
    if "args" in question:
        return Answer(_call(value, question))
    return Answer({"function": question["name"]} if callable(value) else {"value": value})


def _call(function, question):
    args, kwargs = question["args"], question["kwargs"]
    before = _encoded(args, kwargs)
    try:
        if "gradient" in question:
            return {"value": _gradients(function(*args, **kwargs), [*args, *kwargs.values()], question["gradient"])}
        answer = {"value": function(*args, **kwargs)}
    except BaseException as error:
        answer = {"raised": type(error).__name__[:80], "text": _text(error), "where": _where(error)}
    after = _encoded(args, kwargs)
    changed = next((number for number in range(len(before)) if before[number] != after[number]), None)
    if changed is not None:
        return {"changed": _parameter(function, changed, len(args), list(kwargs))}
    return answer


def _encoded(args, kwargs):
    texts = []
    for value in [*args, *kwargs.values()]:
        try:
            texts.append(encode(value))
        except NotPlainData:
            texts.append("")  # a list that now holds a generator has certainly changed
    return texts


def _gradients(result, arguments, gradient):
    import torch

    tensors = [value for value in arguments if isinstance(value, torch.Tensor) and value.requires_grad]
    found = iter(torch.autograd.grad(result, tensors, gradient, allow_unused=True))
    wanted = [isinstance(value, torch.Tensor) and value.requires_grad for value in arguments]
    return [next(found) if want else None for want in wanted]


def _parameter(function, number, positional, keywords):
    if number >= positional:
        return keywords[number - positional]
    try:
        return list(inspect.signature(function).parameters)[number]
    except (TypeError, ValueError, IndexError):
        return f"number {number + 1}"


def _text(error):
    try:
        return str(error)[:LONGEST]
    except Exception:
        return ""


def _where(error):
    """Quote the last line of the learner's own code that the exception passed through."""
    try:
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if "ipykernel_" in frame.filename:
                return f"line {frame.lineno}: {frame.line}"[:LONGEST]
    except Exception:
        pass
    return ""


def _seed(seed):
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
