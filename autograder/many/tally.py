"""Count what became of a class's submissions: collected = graded + not gradable + pending."""

import time
from collections import Counter
from dataclasses import dataclass, field

from ..judging.grading import Graded
from ..judging.verdict import UNGRADED

GRADED, PENDING = "graded", "pending"


@dataclass(frozen=True)
class Line:
    """What became of one submission; `reason` says why it was not graded."""

    state: str
    score: float = 0.0
    maximum: float = 0.0
    reason: str = ""


@dataclass
class Tally:
    """What became of every submission so far."""

    lesson: str
    lines: dict[str, Line]
    """By student; who is still to come is pending."""
    unchanged: int = 0
    """How many of them were in the gradebook before."""
    isolation: str = ""
    stopped: str = ""
    """Why the run ended early."""
    started: float = field(default_factory=time.monotonic)

    def add(self, student: str, graded: Graded) -> Line:
        """Count a submission that is in the gradebook now."""
        self.lines[student] = line = line_of(graded)
        self.isolation = graded.inputs.isolation
        return line

    def count(self, state: str) -> int:
        """Count the submissions in a state."""
        return Counter(line.state for line in self.lines.values())[state]

    @property
    def sentence(self) -> str:
        """Say the sum."""
        parts = " + ".join(f"{self.count(state)} {words}" for state, words in WORDS.items())
        return f"{len(self.lines)} collected = {parts}"

    def as_dict(self) -> dict:
        """Return the tally as plain data."""
        counts = {words.replace(" ", "_"): self.count(state) for state, words in WORDS.items()}
        return {
            "lesson": self.lesson,
            "collected": len(self.lines),
            **counts,
            "unchanged": self.unchanged,
            "isolation": self.isolation,
            "stopped": self.stopped,
            "seconds": round(time.monotonic() - self.started, 3),
            "submissions": {student: vars(line) for student, line in sorted(self.lines.items())},
        }


WORDS = {GRADED: "graded", UNGRADED: "not gradable", PENDING: "pending"}


def line_of(graded: Graded) -> Line:
    """Sum up one result."""
    score = sum(verdict.points or 0.0 for verdict in graded.verdicts)
    maximum = sum(verdict.maximum for verdict in graded.verdicts)
    reasons = dict.fromkeys(verdict.message for verdict in graded.ungraded)
    return Line(UNGRADED if graded.ungraded else GRADED, score, maximum, " ".join(reasons))
