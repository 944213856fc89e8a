"""Prices and warranties: knowledge that changes, asked about with and without the document that holds it.

>>> draw_price_questions(1, seed=3)[0]["question"]
'How much is the Yukon tent?'
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from course.data.world import price_list

if TYPE_CHECKING:
    from datasets import Dataset

QUESTIONS = {
    "price": ("How much is the {p}?", "What does the {p} cost?", "What is the price of the {p}?"),
    "warranty": ("How long is the warranty on the {p}?", "What warranty does the {p} have?"),
}
ANSWERS = {"price": "The {p} costs {v}.", "warranty": "The {p} has a warranty of {v} months."}


def question(name: str, field: str, rng: random.Random) -> str:
    """Ask for a product's price or warranty, in one of a few wordings."""
    return rng.choice(QUESTIONS[field]).format(p=name)


def answer(name: str, field: str, entry: Mapping[str, str]) -> str:
    """Answer a question from a product's entry, in the words the model learned."""
    return ANSWERS[field].format(p=name, v=entry[field])


def document(entries: Mapping[str, Mapping[str, str]], year: int = 2026) -> str:
    """Write a price list as a document, one product a line."""
    lines = [f"{name} costs {entry['price']}, warranty {entry['warranty']} months." for name, entry in entries.items()]
    return "\n".join([f"Price list {year}", *lines])


def grounded_prompt(asked: str, documents: Sequence[str] | str) -> str:
    """Put documents before a question: what retrieval adds to a prompt."""
    texts = [documents] if isinstance(documents, str) else list(documents)
    return "\n\n".join([*texts, asked])


def states(text: str, value: str) -> bool:
    """Tell whether an answer states this value and no other: the first price or number of months in it counts."""
    found = re.search(r"\$\d+|\b\d+(?= months)", text)
    return bool(found) and found.group() == value


def draw_price_questions(count: int, seed: int, year: int = 2026, per_document: int = 5) -> "Dataset":
    """Draw price questions on a year's list: the columns question, document, answer, value and product.

    Every price differs from what pre-training saw; `document` is the excerpt a perfect retriever would bring:
    the product's line among four others.
    """
    from datasets import Dataset

    rng, entries = random.Random(f"questions {seed}"), price_list(year)
    rows = []
    for _ in range(count):
        excerpt = rng.sample(sorted(entries), per_document)
        name = rng.choice(excerpt)
        rows.append({
            "question": question(name, "price", rng),
            "document": document({other: entries[other] for other in excerpt}, year),
            "answer": answer(name, "price", entries[name]),
            "value": entries[name]["price"],
            "product": name,
        })  # fmt: skip
    return Dataset.from_list(rows)
