"""Give a test cell the learner's names: values are fetched, functions are called where they live.

    conversation = Conversation(learner)
    exec("assert double(4) == 8", Names(conversation))

A call that breaks a rule of the course (changes its argument, returns what cannot cross) ends the test with `Stop`.
"""

import builtins
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from .codec import Configuration, NotPlainData, decode, encode
from .learner import Learner, LearnerGone

MAX_REPLAYS, REPLAY_SECONDS = 8, 10
LONGEST = 1_000  # characters of a sentence that quotes the learner
ANSWERS = {"value", "function", "missing", "unsendable", "changed", "raised"}


class Stop(BaseException):
    """End the test with a sentence for the learner; not an Exception, so that no test catches it by accident."""


class Broken(BaseException):
    """End the test with a sentence for the instructor: it asks for what cannot be done."""


class Raised:
    """Mark an exception that the learner's function raised; its class has a built-in's name and base where it can."""


@dataclass(frozen=True)
class Call:
    """One call that a test made, and what came of it, as text: a test may change the values later."""

    name: str
    question: str
    answer: str
    names_files: bool
    """Whether arguments are paths: these may hold something else by the time of a replay."""


class Conversation:
    """What one test cell asks of one learner."""

    def __init__(self, learner: Learner):
        self.learner = learner
        self.calls: list[Call] = []
        self.stopped = ""
        self.gone = False
        self.last = ""
        self.not_implemented = self.missing = False

    def look(self, name: str) -> object:
        """Fetch a value, or a function that calls the learner's; raises `NameError` when there is no such name."""
        self.last = name
        answer = _read(self._ask(encode({"name": name})))
        if "missing" in answer:
            self.missing = True
            self.stop(f"`{name}` is not defined. Run your notebook from the top: does its cell work?")
        if "function" in answer:
            return self._function(name)
        if "unsendable" in answer:
            self.stop(f"`{name}` is {answer['unsendable']}.")
        return answer["value"]

    def call(self, name: str, args: tuple, kwargs: dict) -> object:
        """Call the learner's function; what it raises is raised here, under a built-in's name where it has one."""
        self.last = name
        try:
            question = encode({"name": name, "args": list(args), "kwargs": kwargs})
        except NotPlainData as reason:
            raise Broken(f"The test hands `{name}` {reason}.") from None
        if names_files := _names_files([args, kwargs]):
            self.learner.share()
        text = self._ask(question)
        self.calls.append(Call(name, question, text, names_files))
        answer = _read(text)
        if "changed" in answer:
            self.stop(f"`{name}` changes its argument {answer['changed']}. Work on a copy instead.")
        if "unsendable" in answer:
            self.stop(f"`{name}` returned {answer['unsendable']}.")
        self._raise(answer)
        return self._with_gradient(answer["value"], [*args, *kwargs.values()], question)

    def replay(self) -> None:
        """Make some calls of the test again, in another order; `Stop` when equal arguments give other results."""
        calls = [call for call in self.calls if not call.names_files]
        enough = time.monotonic() + REPLAY_SECONDS
        for call in calls[: -MAX_REPLAYS - 1 : -1]:
            if time.monotonic() > enough:
                return
            self.last = call.name
            if not same(_read(self._ask(call.question)), _read(call.answer)):
                self.stop(
                    f"`{call.name}` gave another result when it was called again with equal arguments: "
                    "keep no state between calls, and seed every random generator."
                )

    def seed(self, seed: int) -> None:
        """Seed the learner's random generators."""
        self._ask(encode({"seed": seed}))

    def stop(self, sentence: str) -> None:
        """End the test, even when the test cell catches everything."""
        self.stopped = self.stopped or sentence[:LONGEST]
        raise Stop(self.stopped)

    def _ask(self, question: str) -> str:
        if self.stopped:
            raise Stop(self.stopped)
        try:
            return self.learner.ask(question, f"`{self.last}`")
        except LearnerGone as reason:
            self.gone = True
            return self.stop(str(reason))

    def _raise(self, answer: dict) -> None:
        if "raised" in answer:
            self.not_implemented |= answer["raised"] == "NotImplementedError"
            raise _exception(self.last, answer)

    def _function(self, name: str) -> Callable:
        def function(*args, **kwargs):
            return self.call(name, args, kwargs)

        function.__name__ = function.__qualname__ = name
        return function

    def _with_gradient(self, value: object, arguments: list, question: str) -> object:
        """Connect a returned tensor to the arguments it was computed from, so that a test can call `backward`."""
        tensors = [item for item in arguments if _wants_gradient(item)]
        if not tensors or not _wants_gradient(value):
            return value
        from .gradients import connect

        def pull(gradient):
            answer = _read(self._ask(encode(decode(question) | {"gradient": gradient})))
            self._raise(answer)
            if "value" not in answer:
                self.stop(f"`{self.last}` has gradients that cannot be read.")
            pairs = zip(answer["value"], arguments, strict=True)
            return [gradient for gradient, item in pairs if _wants_gradient(item)]

        return connect(value, tensors, pull)


class Names(dict):
    """The globals of a test cell: a name that it neither defines nor imports is the learner's."""

    def __init__(self, conversation: Conversation):
        super().__init__(__builtins__=builtins, __name__="__test__")
        self.conversation = conversation

    def __missing__(self, name: str) -> object:
        if hasattr(builtins, name):
            raise KeyError(name)
        self[name] = self.conversation.look(name)
        return self[name]


def same(first: object, second: object) -> bool:
    """Tell whether two decoded values are equal, up to the order of floating-point operations."""
    if isinstance(first, Configuration) and isinstance(second, Configuration):  # each is decoded into a type of its own
        return type(first).__name__ == type(second).__name__ and same(vars(first), vars(second))
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if hasattr(first, "shape") and hasattr(first, "dtype"):
        return first.shape == second.shape and first.dtype == second.dtype and _close(first, second)
    if isinstance(first, float):
        return first == second or abs(first - second) <= 1e-9 * abs(first) or (first != first and second != second)
    return first == second


def _close(first, second) -> bool:
    import numpy

    if hasattr(first, "detach"):
        first, second = (tensor.detach().cfloat() if tensor.is_complex() else tensor.detach().double()
                         for tensor in (first, second))  # fmt: skip
    return numpy.allclose(numpy.asarray(first), numpy.asarray(second), rtol=1e-4, atol=1e-6, equal_nan=True)


def _read(text: str) -> dict:
    """Decode an answer, which must say exactly one of the things that `answering` says."""
    try:
        answer = decode(text)
        if type(answer) is dict and ANSWERS & answer.keys():
            return answer
    except NotPlainData as reason:
        return {"unsendable": str(reason)}
    return {"unsendable": "something that cannot be read; return plain data"}


def _wants_gradient(value) -> bool:
    return getattr(value, "requires_grad", False) is True


def _names_files(value) -> bool:
    if isinstance(value, dict):
        return any(_names_files(item) for item in [*value.keys(), *value.values()])
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_names_files, value))
    if isinstance(value, str):
        return 0 < len(value) < 4096 and "\0" not in value and (os.path.isabs(value) or os.path.exists(value))
    return hasattr(value, "__fspath__")


def _exception(name: str, answer: dict) -> Exception:
    raised, text, where = (_word(answer, field) for field in ("raised", "text", "where"))
    known = getattr(builtins, raised, None)
    base = known if isinstance(known, type) and issubclass(known, Exception) else RuntimeError
    base = ValueError if issubclass(base, UnicodeError) else Exception if base is BaseExceptionGroup else base
    base = RuntimeError if issubclass(base, StopIteration | StopAsyncIteration) else base  # would end a test's loop
    error = type(raised if raised.isidentifier() else base.__name__, (Raised, base), {})(text)
    error.sentence = f"`{name}` raised {raised}" + (f": {text}" if text else "")
    error.sentence += f" ({where})" if where else "."
    return error


def _word(answer: dict, field: str) -> str:
    return answer[field][:LONGEST] if isinstance(answer.get(field), str) else ""
