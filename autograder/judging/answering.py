"""Answer the judge's questions inside the learner's process.

It has a module of its own there, so that no name a learner chooses (`json`, `decode`, ...) can get in the way. A
question and its answer are dicts of plain data:

    {"name": "merge"}                            -> {"value": ...} or {"function": "merge"} or {"missing": True}
    {"name": "merge", "args": [...], "kwargs": {...}} -> {"value": ...} or {"raised": ...} or {"changed": "W"}
    the same with {"gradient": g}                -> {"value": [the gradient of each tensor argument, or None]}
    {"seed": 1}                                  -> {"value": None}

What cannot be sent back is answered with {"unsendable": "a generator; return a list"}.
"""

import asyncio
import inspect
import random
import signal
import socket
import struct
import sys
import traceback

from .codec import NotPlainData, decode, encode

HEAD = struct.Struct("!QQ")  # of each text on the line: the question's number, and the length in bytes
LONGEST = 500  # characters of an exception's text


def listen(address, names):
    """Have the kernel's event loop answer whatever the judge asks about the learner's `names`."""
    line = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    line.connect(address)
    asyncio.get_running_loop().add_reader(line, _reply, line, names)


def answer(question, names):
    """Answer an encoded question about the learner's `names`, in the same code."""
    try:
        return encode(_answer(decode(question), names))
    except NotPlainData as reason:
        return encode({"unsendable": str(reason)})


def _reply(line, names):
    """Answer one question; an interrupt reaches the learner's code, as in a cell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        number, length = HEAD.unpack(_receive(line, HEAD.size))
        text = answer(_receive(line, length).decode(), names).encode()
        line.sendall(HEAD.pack(number, len(text)) + text)
    except OSError:
        asyncio.get_running_loop().remove_reader(line)
    finally:
        signal.signal(signal.SIGINT, before)


def _receive(line, length):
    received = line.recv(length, socket.MSG_WAITALL)
    if len(received) < length:
        raise OSError("the judge has hung up")
    return received


def _answer(question, names):
    if "seed" in question:
        return {"value": _seed(question["seed"])}
    if question["name"] not in names:
        return {"missing": True}
    value = names[question["name"]]
    if "args" in question:
        return _call(value, question)
    return {"function": question["name"]} if callable(value) else {"value": value}


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
