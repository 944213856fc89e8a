"""Draw a student's own variant of the triage schema from their id: own names for the keys, own codes for the labels.

>>> variant("ada").keys
('type', 'level', 'what')

The same id gives the same variant, on every machine. Nothing about it is secret; but an adapter that was trained for
one variant writes the wrong codes for another, so adapters cannot be handed round.

Four names for each key, a digit for each of six intents and three priorities, no digit twice among the intents nor
among the priorities: 64 · 151,200 · 720 = 6,967,296,000 variants. That any two in a class of 300 draw the same one
has a chance of 1 in 155,000.
"""

import hashlib
import random
import unicodedata

from course.data import INTENTS, PRIORITIES, Variant

KEYS = (
    ("topic", "category", "reason", "type"),
    ("urgency", "level", "rank", "class"),
    ("item", "article", "gear", "what"),
)
"""Names for the keys of intent, priority and product; none is a plain one, and none stands in two lists."""
LONGEST_ID = 200


def variant(student: str) -> Variant:
    """Return the variant that belongs to a student id; capitals and spaces around it do not count.

    Raises ValueError for an id that is empty or too long.
    """
    known = unicodedata.normalize("NFKC", student).strip().casefold()
    if not known or len(known) > LONGEST_ID:
        raise ValueError("A student id has 1 to 200 characters: the one that your teacher knows you by.")
    rng = random.Random(hashlib.sha256(f"triage variant of {known}".encode("utf-8", "replace")).digest())
    keys = tuple(rng.choice(names) for names in KEYS)
    intents, priorities = (
        tuple(f"{word}-{digit}" for word, digit in zip(words, rng.sample(range(10), len(words)), strict=True))
        for words in (INTENTS, PRIORITIES)
    )
    return Variant(keys, intents, priorities)
