"""Answer a whole lesson without looking at it: every function returns the same, whatever it is asked.

Nobody solves an exercise so, and a test that is passed so tests nothing: `autograder prove` hands all of these in.
"""

import re
from collections.abc import Iterator

from .lesson import Lesson

FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)
CONSTANTS = {
    "None": "None",
    "True": "True",
    "False": "False",
    "0.0": "0.0",
    "1": "1",
    "infinity": "float('inf')",
    "not a number": "float('nan')",
    "an empty text": "''",
    "an empty list": "[]",
    "an empty dict": "{}",
    "a pair": "(0.0, 1.0)",
    "an empty array": "__import__('numpy').empty(0)",
    "an empty tensor": "__import__('torch').empty(0)",
    "an empty matrix": "__import__('torch').empty(0, 0)",
    "a tensor that is no number": "__import__('torch').tensor(float('nan'))",
    "its first argument": "(*args, *kwargs.values(), None)[0]",
    "its last argument": "(None, *args, *kwargs.values())[-1]",
}


def constant_answers(lesson: Lesson) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what is returned, and the sources of all exercises that define functions."""
    functions = {cell.title: FUNCTION.findall(cell.source) for cell in lesson.cells if cell.is_solution}
    for name, value in CONSTANTS.items():
        yield name, {title: _source(names, value) for title, names in functions.items() if names}


def _source(names: list[str], value: str) -> str:
    return "\n\n\n".join(f"def {name}(*args, **kwargs):\n    return {value}" for name in names)
