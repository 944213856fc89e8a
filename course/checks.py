"""Ask a question inside a lesson, and answer every choice that the learner makes.

quick_check(
    "What does `B = 0` make a fresh adapter?",
    Choice("An exact no-op", "Yes. Zero times anything adds nothing.", correct=True),
    Choice("A random change", "A is random, but B A is still zero."),
)
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from IPython.display import display

from course import state
from course.panel import LETTERS, Option, Status, heading, inline, panel, plain


@dataclass(frozen=True)
class Choice:
    """Offer one answer, with what to tell the learner who picks it."""

    text: str
    explanation: str
    correct: bool = False

    def __post_init__(self) -> None:
        if not str(self.text).strip():
            raise ValueError("a choice needs a text: Choice(text, explanation)")
        if not str(self.explanation).strip():
            raise ValueError(f"explain the choice {self.text!r}: tell its reader why it is right or wrong")


@dataclass(frozen=True, init=False)
class Question:
    """Ask one thing, with two or more choices of which exactly one is correct."""

    text: str
    choices: tuple[Choice, ...] = field(default=())

    def __init__(self, text: str, *choices: Choice):
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "choices", tuple(choices))
        if not isinstance(text, str) or not text.strip():
            raise ValueError("a question needs a text: Question(text, Choice(...), Choice(...))")
        for choice in choices:
            if not isinstance(choice, Choice):
                raise ValueError(f"pass each choice of {text!r} as Choice(text, explanation), not {choice!r}")
        if not 2 <= len(choices) <= len(LETTERS):
            raise ValueError(f"give {text!r} 2 to {len(LETTERS)} choices; it has {len(choices)}")
        right = sum(choice.correct for choice in choices)
        if right != 1:
            raise ValueError(f"mark exactly one choice of {text!r} with correct=True; {right} are marked")
        if len({choice.text for choice in choices}) < len(choices):
            raise ValueError(f"two choices of {text!r} have the same text")


class QuickCheck:
    """Answer each click at once; the learner may try every choice."""

    def __init__(self, question: Question):
        self.question = question
        self.options = [
            Option(letter, choice.text, lambda i=i: self.choose(i))
            for i, (letter, choice) in enumerate(zip(LETTERS, question.choices, strict=False))
        ]
        self.status = Status()
        rows = [option.widget for option in self.options]
        self.widget = panel(heading("Quick check", question.text), *rows, self.status.widget)

    def choose(self, index: int) -> None:
        """Mark this choice and explain it."""
        choice, option = self.question.choices[index], self.options[index]
        option.mark = "right" if choice.correct else "wrong"
        verdict = "✓ Right" if choice.correct else "✗ Not this one"
        more = "" if any(option.mark == "right" for option in self.options) else " Try another."
        self.status.say(
            f'<p><b class="{option.mark}">{verdict} ({option.letter}).</b> {inline(choice.explanation)}{more}</p>'
        )
        if lesson := os.environ.get("COURSE_LESSON"):  # set by `start`
            state.begin(lesson)


def quick_check(question: str, *choices: Choice) -> None:
    """Show a question with feedback on every choice; exactly one choice has `correct=True`."""
    check = QuickCheck(Question(question, *choices))
    show(check.widget, "Quick check", [check.question])


def show(widget: object, title: str, questions: list[Question]) -> None:
    """Display a widget; where no widget can be drawn, a reader sees the questions, with the answers folded away."""
    if state.in_colab():  # Colab does not say which type of a bundle it prefers: give it the widget alone
        display(widget)
        return
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    bundle = {
        "text/plain": plain(as_text(title, questions)),
        "text/markdown": as_markdown(title, questions),
        "application/vnd.jupyter.widget-view+json": view,
    }
    display(bundle, raw=True)


def as_text(title: str, questions: list[Question]) -> str:
    """Return the questions and their choices, without answers."""
    blocks = []
    for question in questions:
        choices = [f"  {letter}. {choice.text}" for letter, choice in zip(LETTERS, question.choices, strict=False)]
        blocks.append("\n".join([f"{title}: {question.text}", *choices]))
    return "\n\n".join(blocks)


def as_markdown(title: str, questions: list[Question]) -> str:
    """Return the questions as Markdown, with each one's answers in a folded `<details>`."""
    blocks = []
    for question in questions:
        choices = [f"- {letter}. {choice.text}" for letter, choice in zip(LETTERS, question.choices, strict=False)]
        answers = [
            f"- {'✓' if choice.correct else '✗'} {letter}. {choice.explanation}"
            for letter, choice in zip(LETTERS, question.choices, strict=False)
        ]
        fold = "<details><summary>Answers</summary>\n\n" + "\n".join(answers) + "\n\n</details>"
        blocks.append(f"**{title}.** {question.text}\n\n" + "\n".join(choices) + "\n\n" + fold)
    return "\n\n".join(blocks)
