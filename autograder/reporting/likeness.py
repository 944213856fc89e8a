"""Find answers that are nearly the same, for a human to judge.

    alike({"ada": {"double": source}, "bob": {"double": other}}, {"double": solution})

Names, comments, docstrings, layout and constants' spelling do not count: what is compared is the sequence of what the
code does. Short answers, the lesson's own solution and what many of a class wrote are no sign of anything.
"""

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

THRESHOLD = 0.92
"""Share of two answers that is the same, from which on they are shown."""
SHORTEST = 40
"""Steps, names and values of which an answer must have more."""
COMMON = 0.2
"""Share of a class, above which an answer that all of them gave is common."""


@dataclass(frozen=True)
class Alike:
    """Two learners' answers to one exercise, and the share that is the same."""

    exercise: str
    first: str
    second: str
    share: float


def alike(answers: Mapping[str, Mapping[str, str]], solutions: Mapping[str, str]) -> list[Alike]:
    """Compare `answers` (by learner and exercise) pair by pair; most alike first."""
    pairs = []
    for exercise, solution in solutions.items():
        shapes = {learner: shape(own[exercise]) for learner, own in answers.items() if exercise in own}
        counts, expected = Counter(shapes.values()), shape(solution)
        most = max(2, COMMON * len(shapes))
        telling = {
            learner: found
            for learner, found in shapes.items()
            if len(found) > SHORTEST and found != expected and counts[found] <= most
        }
        pairs += _pairs(exercise, telling)
    return sorted(pairs, key=lambda pair: (-pair.share, pair.first, pair.second, pair.exercise))


def shape(source: str) -> tuple[str, ...]:
    """Return what a piece of code does, step by step, without the names its author chose."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _tokens(source)
    try:
        return tuple(_steps(tree, {}))
    except RecursionError:
        return _tokens(source)


def _steps(node: ast.AST, names: dict[str, int]):
    match node:
        case ast.Name():
            yield f"name {names.setdefault(node.id, len(names))}"
        case ast.arg():
            yield f"name {names.setdefault(node.arg, len(names))}"
        case ast.Constant():
            yield repr(node.value)[:200]
        case ast.Expr(value=ast.Constant(value=str())):
            return  # a docstring, or a string that stands for a comment
        case ast.Attribute():
            yield from (*_steps(node.value, names), f".{node.attr}")
        case ast.expr_context():
            return
        case _:
            yield type(node).__name__
            for child in ast.iter_child_nodes(node):
                yield from _steps(child, names)


def _tokens(source: str) -> tuple[str, ...]:
    """Split code that does not parse; comments and layout are left out."""
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in layout:
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError):  # as far as it could be read
        pass
    return tuple(found or source.split())


def _pairs(exercise: str, shapes: Mapping[str, tuple[str, ...]]) -> list[Alike]:
    alphabet: dict[str, str] = {}
    texts = ["".join(alphabet.setdefault(step, _letter(len(alphabet))) for step in found) for found in shapes.values()]
    learners = list(shapes)
    if len(texts) < 2:
        return []
    shares = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=100 * THRESHOLD)
    return [
        Alike(exercise, learners[one], learners[other], float(shares[one, other]) / 100)
        for one, other in zip(*shares.nonzero(), strict=True)
        if one < other
    ]


def _letter(number: int) -> str:
    return chr(number + 0x4E00 if number < 0x5000 else 0x20000 + number % 0x9000)  # any letter but a surrogate
