"""Close a lesson with a knowledge check: score, pass mark and retry; passing it alone completes the lesson."""

from __future__ import annotations

import math
from fractions import Fraction

from course import state
from course.checks import Question, show
from course.lessons import find_lesson
from course.panel import LETTERS, Option, Status, action, heading, inline, panel

FEWEST = 6


class KnowledgeCheck:
    """Collect one answer per question, then score them all at once and explain each one."""

    def __init__(self, lesson: str, questions: tuple[Question, ...], pass_mark: float = 0.8):
        self.lesson = find_lesson(lesson)
        if len(questions) < FEWEST:
            raise ValueError(f"ask at least {FEWEST} questions in a knowledge check; {lesson} has {len(questions)}")
        for question in questions:
            if not isinstance(question, Question):
                raise ValueError(f"pass each question as Question(text, Choice(...), ...), not {question!r}")
        if not 0 < pass_mark <= 1:
            raise ValueError(f"pass_mark is a fraction between 0 and 1, not {pass_mark}")
        self.questions = questions
        self.needed = math.ceil(Fraction(str(pass_mark)) * len(questions))
        self.answers: list[int | None] = [None] * len(questions)
        self.submitted = False
        self.options = [
            [
                Option(letter, choice.text, lambda q=q, c=c: self.choose(q, c))
                for c, (letter, choice) in enumerate(zip(LETTERS, question.choices, strict=False))
            ]
            for q, question in enumerate(questions)
        ]
        self.feedback = [Status(live=False) for _ in questions]
        self.status, self.standing = Status(), Status()
        self.submit_button = action("Submit answers", self.press)
        self.widget = panel(*self._children())
        self._say_progress()
        self._say_standing(state.load())

    def _children(self) -> list:
        title = f"Knowledge check: lesson {self.lesson.number}, {self.lesson.title}"
        children = [heading(title), self.standing.widget]
        for number, (question, options) in enumerate(zip(self.questions, self.options, strict=True), 1):
            label = f"Question {number} of {len(self.questions)}"
            children.append(heading(label, question.text, extra="course-next"))
            children += [option.widget for option in options]
            children.append(self.feedback[number - 1].widget)
        return [*children, self.submit_button, self.status.widget]

    @property
    def score(self) -> int:
        """Return the number of right answers among those chosen."""
        chosen = zip(self.questions, self.answers, strict=True)
        return sum(answer is not None and question.choices[answer].correct for question, answer in chosen)

    def choose(self, question: int, choice: int) -> None:
        """Choose an answer, which may be changed until all are submitted."""
        if self.submitted:
            self.status.say("<p>These answers are submitted. Press <b>Try again</b> to start afresh.</p>")
            return
        self.answers[question] = choice
        for i, option in enumerate(self.options[question]):
            option.mark = "chosen" if i == choice else ""
        self._say_progress()

    def press(self) -> None:
        """Submit the answers, or, once they are submitted, clear them for another try."""
        self.retry() if self.submitted else self.submit()

    def submit(self) -> None:
        """Score the answers if none is missing, explain each one, and record the score."""
        missing = [str(number) for number, answer in enumerate(self.answers, 1) if answer is None]
        if missing:
            which = "Question " + missing[0] if len(missing) == 1 else "Questions " + ", ".join(missing)
            verb = "has" if len(missing) == 1 else "have"
            self.status.say(f"<p>{which} {verb} no answer yet. Answer all of them, then submit.</p>")
            return
        self.submitted = True
        for question, options, answer, feedback in zip(
            self.questions, self.options, self.answers, self.feedback, strict=True
        ):
            choice = question.choices[answer]
            options[answer].mark = "right" if choice.correct else "wrong"
            verdict = "✓ Right." if choice.correct else "✗ Not this one."
            feedback.say(f'<p><b class="{options[answer].mark}">{verdict}</b> {inline(choice.explanation)}</p>')
        passed = self.score >= self.needed
        progress = state.record(self.lesson.name, self.score / len(self.questions), complete=passed)
        verdict = '<b class="right">✓ Passed.</b>' if passed else '<b class="wrong">✗ Not passed yet.</b>'
        advice = "" if passed else " Read what is said under each answer, then try again: your best score stays."
        self.status.say(f"<p>{verdict} {self._of(self.score)} right, {self.needed} needed.{advice}</p>")
        self.submit_button.description = "Try again"
        self._say_standing(progress)

    def retry(self) -> None:
        """Clear the answers and their feedback; the best score stays."""
        self.submitted = False
        self.answers = [None] * len(self.questions)
        for options, feedback in zip(self.options, self.feedback, strict=True):
            feedback.say("")
            for option in options:
                option.mark = ""
        self.submit_button.description = "Submit answers"
        self._say_progress()

    def _of(self, count: int) -> str:
        return f"{count} of {len(self.questions)}"

    def _say_progress(self) -> None:
        answered = sum(answer is not None for answer in self.answers)
        self.status.say(f"<p>{self._of(answered)} answered.</p>")

    def _say_standing(self, progress: state.Progress) -> None:
        """Say whether the lesson is complete, and if not, what is missing."""
        mine = progress.lesson(self.lesson.name)
        scored = mine is not None and mine.best is not None
        best = f" (best score {self._of(round(mine.best * len(self.questions)))})" if scored else ""
        if mine and mine.complete:
            line = f'<b class="right">✓ Lesson {self.lesson.number} is complete</b>{best}.'
        else:
            line = (
                f"Lesson {self.lesson.number} is not complete yet: answer the knowledge check, "
                f"{self.needed} of {len(self.questions)} needed{best}."
            )
        notice = f"<p>{inline(progress.notice)}</p>" if progress.notice else ""
        self.standing.say(f"<p>{line}</p>{notice}")


def knowledge_check(lesson: str, *questions: Question, pass_mark: float = 0.8) -> None:
    """Show the questions that close a lesson; reaching `pass_mark` (a fraction) marks the lesson complete."""
    check = KnowledgeCheck(lesson, questions, pass_mark)
    show(check.widget, "Knowledge check", list(questions))
