"""Say what became of a test: its state, its points, and one sentence for the learner."""

import math
from dataclasses import dataclass

PASSED, PARTLY, FAILED = "passed", "partly passed", "failed"
NOT_ATTEMPTED, UNGRADED = "not attempted", "could not be graded"


@dataclass(frozen=True)
class Verdict:
    """The result of one test; `points` is None when it could not be graded, and only then."""

    test: str
    state: str
    points: float | None
    maximum: float
    message: str = ""
    printed: str = ""

    def __post_init__(self):
        if self.state not in (PASSED, PARTLY, FAILED, NOT_ATTEMPTED, UNGRADED):
            raise ValueError(f"{self.state!r} is no state of a verdict.")
        if (self.points is None) != (self.state == UNGRADED):
            raise ValueError(f"{self.test}: a test has points unless it could not be graded.")
        if self.points is not None and not (math.isfinite(self.points) and 0 <= self.points <= self.maximum):
            raise ValueError(f"{self.test}: {self.points} points are not between 0 and {self.maximum}.")

    @property
    def headline(self) -> str:
        """Say the state and the points."""
        points = "" if self.points is None else f" · {_number(self.points)} of {_number(self.maximum)} points"
        return f"{self.state}{points}"


def verdict(test: str, points: float, maximum: float, message: str = "", printed: str = "") -> Verdict:
    """Make the verdict on a test that ran to its end and gave `points`."""
    points = min(max(points, 0.0), maximum)
    state = PASSED if points >= maximum else PARTLY if points > 0 else FAILED
    return Verdict(test, state, points, maximum, "" if state == PASSED else message, printed)


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
