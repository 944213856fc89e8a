"""Compare what a card claims with what the grader measured itself, on items of its own.

>>> share, problems = judge_card(read_card("capstone"), adapter, compared, "ada")
>>> share
1.0

Two honest measurements differ by chance, so a claim need not equal the grader's figure; it has to be compatible. The
interval of a bootstrap has no width where all items are right, so what a claim may be off by is not only in its width.
"""

from course.capstone.card import SHORTEST, Card, base_name
from course.capstone.gate import PLAN, Compared
from course.ladder.report import quote
from course.ladder.tensors import Adapter

IDENTITY, EXAMPLES, LIMITS, METRICS = 0.2, 0.1, 0.2, 0.5
"""What the parts of a card count."""
LEVEL = 0.15
"""How far the base's and the adapter's claimed means may be from the measured ones."""
SLACK = 0.05
"""A claimed interval, stretched by half its width and this much at both ends, must hold what was measured."""
VAGUE, VAGUER = 3, 0.08
"""A claimed interval may be this many times as wide as the measured one, and this much wider."""
WORDS = 12
"""Different words that limits must have at least."""


def judge_card(card: Card, adapter: Adapter, compared: dict[str, Compared], who: str) -> tuple[float, list[str]]:
    """Return the share of the card that is complete and true, 0 to 1, and a sentence for each part that is not."""
    declared = adapter.declared
    wanted = {
        "student": (card.student and card.student.casefold(), who.casefold()),
        "base": (card.base, base_name(declared.tier)),
        "tier": (card.tier, declared.tier.name),
        "rank": (card.rank, declared.rank),
    }
    problems, share = [], 0.0
    for name, (claimed, true) in wanted.items():
        if claimed == true:
            share += IDENTITY / len(wanted)
        else:
            problems.append(f"`{name}` is {_said(claimed)}, and it should be {quote(true)}")
    if card.examples is None:
        problems.append("`examples` does not say on how many rows it was trained")
    else:
        share += EXAMPLES
    if card.limits is None or len(card.limits.strip()) < SHORTEST or len(set(card.limits.split())) < WORDS:
        problems.append("`limits` does not say, in some sentences of your own, where it should not be used")
    else:
        share += LIMITS
    for metric in PLAN:
        problem = _untrue(card.metrics.get(metric), compared[metric])
        if problem:
            problems.append(f"{metric} {problem}")
        else:
            share += METRICS / len(PLAN)
    return round(share, 6), problems


def _untrue(claim: Compared | None, found: Compared) -> str:
    """Say why a claim is not compatible with what was found; empty when it is."""
    if claim is None:
        return "has no base, tuned, low and high that are numbers"
    gap, wide = found.tuned - found.base, claim.high - claim.low
    if not claim.low - 1e-3 <= claim.tuned - claim.base <= claim.high + 1e-3:
        return "has an interval that does not hold its own difference"
    if wide > VAGUE * (found.high - found.low) + VAGUER:
        return f"has an interval from {claim.low:+.2f} to {claim.high:+.2f}, too wide to say anything"
    stretch = wide / 2 + SLACK
    if not claim.low - stretch <= gap <= claim.high + stretch:
        return f"is claimed to change by {claim.low:+.2f} to {claim.high:+.2f}, and {gap:+.2f} was measured here"
    if abs(claim.base - found.base) > LEVEL or abs(claim.tuned - found.tuned) > LEVEL:
        return (
            f"is claimed to go from {claim.base:.2f} to {claim.tuned:.2f}, and here it went "
            f"from {found.base:.2f} to {found.tuned:.2f}"
        )
    return ""


def _said(claimed: object) -> str:
    return "missing" if claimed is None else quote(claimed)
