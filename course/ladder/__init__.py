"""The ladder: six rungs that every trained adapter climbs, the same for a learner and for the grader.

    >>> from course.ladder import climb
    >>> report = climb("adapter")
    >>> report.score
    1.0

1 files · 2 configuration · 3 tensors · 4 behaviour · 5 forgetting · 6 originality: one module each.
"""

from course.ladder.climbing import climb, inspect
from course.ladder.originality import Pair, similar
from course.ladder.report import Report, Rung

__all__ = ["Pair", "Report", "Rung", "climb", "inspect", "similar"]
