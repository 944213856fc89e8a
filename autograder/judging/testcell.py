"""Run the source of one test cell with the learner's names, and put its failure into a sentence."""

import ast
import math
import traceback

from .remote import Conversation, Names, Raised

FILE = "<test>"
HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def run_test(source: str, conversation: Conversation, maximum: float) -> float:
    """Run a test and return its points: `maximum`, or the number that its last expression gives."""
    tree = ast.parse(source, FILE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names = Names(conversation)
    exec(compile(tree, FILE, "exec"), names)
    value = eval(compile(ast.Expression(last.value), FILE, "eval"), names) if last else None
    return _points(value, maximum)


def _points(value: object, maximum: float) -> float:
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        return maximum  # as in nbgrader: what is no number is no partial credit
    points = float(value)
    return points if math.isfinite(points) else 0.0


def sentence_of(error: Exception, source: str, conversation: Conversation) -> str:
    """Say what a failed test found: the assertion's own sentence, or what the learner's function did."""
    if isinstance(error, Raised):
        return error.sentence
    name = f"`{conversation.last}`" if conversation.last else "your work"
    text = str(error.args[0])[:2000] if error.args and isinstance(error.args[0], str) else ""
    if isinstance(error, AssertionError):
        return text or _bare(error, source, name)
    return f"The test cannot work with what {name} returned ({type(error).__name__}: {str(error)[:300]})."


def _bare(error: AssertionError, source: str, name: str) -> str:
    """Quote a visible assertion without a message; of a hidden one say only that it failed."""
    lines = source.split("\n")
    number = next((frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE), 0)
    before = [line.strip() for line in lines[:number]]
    hidden = before.count(HIDDEN[0]) > before.count(HIDDEN[1])
    if hidden or not number:
        return f"A hidden test of {name} failed. Read the task again: which input does your own test leave out?"
    return f"This check failed: {lines[number - 1].strip()}"
