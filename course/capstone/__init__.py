"""The capstone: an adapter for the student's own variant of the triage schema, its card, and the grade.

>>> course.student("ada")
>>> mine = variant(course.student())
>>> rows = variant_rows(mine, 1_000, seed=80) + rehearsal(base, requests=100, questions=60, seed=81)
>>> save_adapter(train_adapter(base, Dataset.from_list(rows).shuffle(seed=0), "runs").model, tier, "capstone")
>>> write_card("capstone", examples=len(rows), limits="…")
>>> grade("capstone").score
1.0
"""

from course.capstone.card import write_card
from course.capstone.gate import PLAN, compare
from course.capstone.grading import grade
from course.capstone.rows import rehearsal, variant_rows
from course.capstone.variants import variant

__all__ = ["PLAN", "compare", "grade", "rehearsal", "variant", "variant_rows", "write_card"]
