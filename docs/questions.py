"""Write a lesson's questions as HTML that needs no kernel and no script: each option unfolds what is said about it.

    folded(questions)

The questions are read from the lesson's source, as `autograder.authoring.quizzes` reads them to check them.
"""

import html
from collections.abc import Sequence

from autograder.authoring.quizzes import QuizQuestion
from course.panel import LETTERS, inline

TITLES = {"quick_check": "Quick check", "knowledge_check": "Knowledge check"}


def folded(questions: Sequence[QuizQuestion], title: str = "") -> str:
    """Return the questions of one cell, every answer folded away."""
    title = html.escape(title) or TITLES[questions[0].check]
    count = f" · {len(questions)} questions" if len(questions) > 1 else ""
    parts = [f'<section class="course-quiz" aria-label="{title}"><p class="quiz-kicker">{title}{count}</p>']
    if count:
        parts.append(
            "<p>Choose an answer, then unfold it. In the notebook, four answers of five right complete the lesson.</p>"
        )
    for number, question in enumerate(questions, start=1):
        label = f"{number}. " if count else ""
        parts.append(f'<p class="quiz-question">{label}{inline(question.text)}</p>')
        for letter, option in zip(LETTERS, question.options, strict=False):
            kind, verdict = ("right", "✓ Right.") if option.correct else ("wrong", "✗ Not this one.")
            parts.append(
                f'<details class="quiz-option"><summary><span class="quiz-letter">{letter}</span> '
                f"{inline(option.text)}</summary>"
                f'<p><b class="quiz-{kind}">{verdict}</b> {inline(option.explanation)}</p></details>'
            )
    return "".join([*parts, "</section>"])


def plain_text(questions: Sequence[QuizQuestion]) -> str:
    """Return the questions without their answers."""
    return html.unescape("\n".join(question.text for question in questions))
