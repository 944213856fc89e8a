"""Recognize answers that are whole objects, but in somebody else's variant of the schema.

>>> foreign(['{"type": "refund-3", "rank": "low-8", "gear": "Lynx tarp"}', ...], "ada")
"This adapter answers in somebody else's schema: …"

What a half-trained adapter writes is a mess of codes, and nobody's schema: only a whole, steady code book counts.
"""

import json
from collections import Counter
from collections.abc import Sequence

from course.capstone.variants import KEYS, variant
from course.data import INTENTS, PLAIN, PRIORITIES, Variant
from course.ladder.report import quote
from course.student import PRACTICE

ENOUGH = 0.5
"""Share of answers that must be in another schema before that is said."""
STEADY = 0.8
"""Share of a label's occurrences that must have one code, for the codes to be a schema's."""


def foreign(answers: Sequence[str], who: str) -> str:
    """Say whose schema most answers are in, when it is not the one of `who`; empty when it is, or nobody's."""
    found, own = [one for one in map(_flat_object, answers) if one is not None], variant(who)
    seen = PLAIN if _fits(found, PLAIN, len(answers)) else _inferred(found)
    if seen is None or seen == own or not _fits(found, seen, len(answers)):
        return ""
    mine = f"yours, drawn from the id {quote(who)}, looks like `{_example(own)}`"
    if seen == PLAIN:
        return f"This adapter answers in the plain schema of the lessons before; {mine}. Train on rows of your variant."
    if seen == variant(PRACTICE):
        return (
            f"This adapter answers in the schema of somebody who has set no student id; {mine}. "
            "Set your id with `course.student`, draw your rows again and train."
        )
    return (
        f"This adapter answers in somebody else's schema, such as `{_example(seen)}`; {mine}. Adapters cannot be "
        "shared. If you trained it yourself, `course.student` was given another id than your teacher knows you by."
    )


def _fits(found: Sequence[dict[str, str]], seen: Variant, count: int) -> bool:
    return count > 0 and sum(seen.read(one) is not None for one in found) >= ENOUGH * count


def _inferred(found: Sequence[dict[str, str]]) -> Variant | None:
    """Return the variant whose keys and codes the objects show, or None when they show no steady ones."""
    keys = Counter(tuple(next((key for key in one if key in names), "") for names in KEYS) for one in found)
    common = keys.most_common(1)[0][0] if keys else ("",)
    if not all(common):
        return None
    theirs = [one for one in found if set(one) == set(common)]
    try:
        return Variant(common, _codes(theirs, common[0], INTENTS), _codes(theirs, common[1], PRIORITIES))
    except ValueError:
        return None


def _codes(found: Sequence[dict[str, str]], key: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the usual code of each plain word; raises ValueError where a word has none, or none that is usual."""
    codes = []
    for word in words:
        used = Counter(one[key] for one in found if one[key].rpartition("-")[0] == word)
        if not used:
            raise ValueError(f"nothing is labelled {word}")
        code, often = used.most_common(1)[0]
        if often < STEADY * used.total() or len(code) != len(word) + 2:
            raise ValueError(f"{word} has no steady code")
        codes.append(code)
    if len({code[-1] for code in codes}) < len(codes):
        raise ValueError("two labels share a code")
    return tuple(codes)


def _flat_object(answer: str) -> dict[str, str] | None:
    """Return an answer that is one object of three strings."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or len(found) != 3 or not all(isinstance(value, str) for value in found.values()):
        return None
    return found


def _example(own: Variant) -> str:
    return json.dumps(own.write({"intent": "refund", "priority": "low", "product": "Lynx tarp"}))
