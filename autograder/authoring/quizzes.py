"""Read a lesson's quick checks and knowledge checks, without running them, and hold them to the course's rules.

A reader who always picks the second option, or always the longest one, must not do well: over the course no position
holds more than 40 % of the right options, and the right option is the longest in at most 40 % of the questions.
"""

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from IPython.core.inputtransformer2 import TransformerManager

from .lesson import Lesson

QUICK_CHECKS, QUESTIONS = 4, 6  # a lesson has at least so many
MOST = 0.4
ASKING = {"quick_check", "knowledge_check"}


@dataclass(frozen=True)
class Option:
    """One option of a question."""

    text: str
    explanation: str
    correct: bool


@dataclass(frozen=True)
class QuizQuestion:
    """One question; `check` is the function that asks it, quick_check or knowledge_check."""

    check: str
    text: str
    options: tuple[Option, ...]

    @property
    def right_position(self) -> int:
        """Give the position of the right option, counted from 0."""
        return next(number for number, option in enumerate(self.options) if option.correct)

    @property
    def right_is_longest(self) -> bool:
        """Tell whether no other option is longer than the right one."""
        return len(self.options[self.right_position].text) == max(len(option.text) for option in self.options)


class NotLiteral(ValueError):
    """Say that a question cannot be read from the source."""


def python_source(source: str) -> str:
    """Turn a cell's source into plain Python: magics and shell lines become calls."""
    return TransformerManager().transform_cell(source)


def read_questions(lesson: Lesson) -> tuple[list[QuizQuestion], list[str]]:
    """Read every question of `lesson`; return them, and a sentence for each that breaks a rule."""
    questions, problems = [], []
    for call in _calls(lesson, ASKING):
        asked = [call] if _name(call) == "quick_check" else call.args[1:]
        for question in asked:
            try:
                questions.append(_question(question, _name(call)))
            except NotLiteral as error:
                problems.append(f"{lesson.name}, {_name(call)}: {error}")
    return questions, problems


def lesson_quiz_problems(lesson: Lesson) -> list[str]:
    """List what `lesson` lacks: enough quick checks, and one knowledge check of enough questions for this lesson."""
    questions, problems = read_questions(lesson)
    counts = Counter(question.check for question in questions)
    if counts["quick_check"] < QUICK_CHECKS:
        found = counts["quick_check"]
        problems.append(f"{lesson.name} has {found} quick checks: write at least {QUICK_CHECKS}.")
    checks = list(_calls(lesson, {"knowledge_check"}))
    if len(checks) != 1:
        problems.append(f"{lesson.name} has {len(checks)} knowledge checks: write one, at the end.")
    elif counts["knowledge_check"] < QUESTIONS:
        found = counts["knowledge_check"]
        problems.append(f"{lesson.name}'s knowledge check has {found} questions: write at least {QUESTIONS}.")
    for check in checks:
        named = _literal(check.args[0]) if check.args else None
        if named != lesson.name:
            problems.append(f'{lesson.name}: knowledge_check is for {named!r}; its first argument is "{lesson.name}".')
    for cell in lesson.cells:
        if not cell.source.startswith("# @title ") and any(_calls(replace(lesson, cells=(cell,)), ASKING)):
            problems.append(f"{lesson.name}: begin {cell.source[:40]!r} with # @title: that folds away its answers.")
    texts = Counter(question.text for question in questions)
    problems += [f"{lesson.name} asks twice: {text!r}." for text, count in texts.items() if count > 1]
    return problems


def course_quiz_problems(lessons: Iterable[Lesson]) -> list[str]:
    """List the ways in which the place or the length of an option gives the answer away over all lessons."""
    questions = [question for lesson in lessons for question in read_questions(lesson)[0]]
    problems = []
    for position, count in sorted(Counter(question.right_position for question in questions).items()):
        if count > MOST * len(questions):
            problems.append(
                f"Option {position + 1} is right in {count} of {len(questions)} questions: move right options, "
                f"so that no position holds more than {MOST:.0%}."
            )
    longest = [question for question in questions if question.right_is_longest]
    if len(longest) > MOST * len(questions):
        problems.append(
            f"The right option is the longest in {len(longest)} of {len(questions)} questions: shorten it, or lengthen "
            f"another, until at most {MOST:.0%} are, for instance in: "
            + "; ".join(f"{question.text[:70]!r}" for question in longest[:5])
        )
    return problems


def _calls(lesson: Lesson, names: set[str]) -> Iterable[ast.Call]:
    for cell in lesson.cells:
        if cell.kind == "code":
            nodes = ast.walk(ast.parse(python_source(cell.source)))
            calls = [node for node in nodes if isinstance(node, ast.Call) and _name(node) in names]
            yield from sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _name(call: ast.AST) -> str:
    function = getattr(call, "func", None)
    return getattr(function, "id", getattr(function, "attr", ""))


def _question(call: ast.AST, check: str) -> QuizQuestion:
    if not isinstance(call, ast.Call) or _name(call) not in ("quick_check", "Question"):
        raise NotLiteral(f"line {call.lineno}: write each question as Question(...), where it is asked.")
    text = _literal(call.args[0] if call.args else None)
    if not isinstance(text, str) or not text.strip():
        raise NotLiteral(f"line {call.lineno}: write the question as a string.")
    options = tuple(_option(choice, text) for choice in call.args[1:])
    if len(options) < 2 or sum(option.correct for option in options) != 1:
        raise NotLiteral(f"{text!r}: write two or more choices, exactly one with correct=True.")
    return QuizQuestion(check, text, options)


def _option(call: ast.AST, question: str) -> Option:
    if _name(call) != "Choice":
        raise NotLiteral(f"{question!r}: write each option as Choice(...), where it is offered.")
    fields = dict(zip(("text", "explanation", "correct"), map(_literal, call.args), strict=False))
    fields |= {keyword.arg: _literal(keyword.value) for keyword in call.keywords}
    text, explanation, correct = fields.get("text"), fields.get("explanation"), fields.get("correct", False)
    if not (isinstance(text, str) and text.strip() and isinstance(explanation, str) and explanation.strip()):
        raise NotLiteral(f"{question!r}: write each choice's text and its explanation as strings.")
    if not isinstance(correct, bool):
        raise NotLiteral(f"{question!r}: write correct=True or leave it out.")
    return Option(text, explanation, correct)


def _literal(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None
