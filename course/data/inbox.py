"""The mixed inbox: what customers send to one address, whether they report a problem, ask for a price, or do both.

    >>> draw_inbox(1, seed=4)[0]
    {'text': '…', 'label': 'both', 'intent': 'defect', 'priority': 'high', 'product': 'Lynx tarp', …}

`label` says what an answer needs: "triage" (a problem to be sorted), "facts" (a price or a warranty to be looked up) or
"both". Money is mentioned in all three, and so are problems, so that no single word tells them apart.
"""

import random
import re
from typing import TYPE_CHECKING

from course.data.prices import QUESTIONS
from course.data.tickets import ASIDES, CLOSINGS, GREETINGS, roughen, ticket
from course.data.world import price_list

if TYPE_CHECKING:
    from datasets import Dataset

LABELS = ("facts", "triage", "both")
"""What an answer needs."""

ASKED = {
    "price": (
        *QUESTIONS["price"], *QUESTIONS["price"],  # the shop's own wordings are the most common
        "Could you tell me the price of the {p}?", "What would I pay for a new {p}?", "How much would another {p} be?",
        "What do you charge for the {p} these days?", "Is the {p} still at its old price, or what is it now?",
    ),
    "warranty": (
        *QUESTIONS["warranty"],
        "For how many months is the {p} covered?", "Does the {p} come with a warranty, and how long is it?",
    ),
}  # fmt: skip
"""Questions that the price list answers."""

MENTIONS = (
    "I paid the full price for it.", "It was not the cheapest one.", "The price was fine, this is not.",
    "It cost me a lot.", "I still have the warranty card.", "For what I paid I expected more.",
    "I know that it is still under warranty.", "It was on sale when I bought it.",
)  # fmt: skip
"""Sentences about money or warranty that ask for nothing."""

REASONS = (
    "My old one broke last year.", "My friend wants to return hers.", "I do not want to be charged twice.",
    "The parcel should go to my sister.", "Mine is torn after ten years.", "I am looking for a gift.",
    "I want to order by friday.", "I had a refund from another shop.",
)  # fmt: skip
"""Sentences that sound like a problem and report none."""


def draw_inbox(count: int, seed: int, year: int = 2026) -> "Dataset":
    """Draw messages, each label about a third: text, label, intent, priority, product, field and value.

    Fields that a message does not have are empty strings: `intent` and `priority` of a mere question, `field` (price or
    warranty) and `value` (as the list of `year` states it) of a mere problem.
    """
    from datasets import Dataset

    rng, entries = random.Random(f"inbox {seed}"), price_list(year)
    return Dataset.from_list([message(rng, entries) for _ in range(count)])


def message(rng: random.Random, entries: dict[str, dict[str, str]]) -> dict[str, str]:
    """Draw one message about a product of this price list."""
    label, name = rng.choice(LABELS), rng.choice(sorted(entries))
    row = {"text": "", "label": label, "intent": "", "priority": "", "product": name, "field": "", "value": ""}
    if label != "triage":
        field = "price" if rng.random() < 0.7 else "warranty"
        row |= {"field": field, "value": entries[name][field]}
        asked = rng.choice(ASKED[field]).format(p=name)
    if label == "facts":
        return row | {"text": _inquiry(asked, name, rng)}
    drawn = ticket(rng)
    row |= {key: drawn[key] for key in ("intent", "priority")}
    text = _renamed(drawn["text"], drawn["product"], name)
    if label == "triage":
        return row | {"text": f"{text} {rng.choice(MENTIONS)}" if rng.random() < 0.45 else text}
    return row | {"text": f"{text} {asked}" if rng.random() < 0.7 else f"{asked} {text}"}


def _inquiry(asked: str, name: str, rng: random.Random) -> str:
    """Write a question for a fact as customers do: with a greeting, a reason, an aside."""
    around = [rng.choice(REASONS)] if rng.random() < 0.5 else []
    if rng.random() < 0.3:
        around.append(rng.choice([aside for aside in ASIDES if "{" not in aside]))
    place = rng.randrange(len(around) + 1)
    sentences = [*around[:place], asked, *around[place:]]
    if rng.random() < 0.5:
        sentences.insert(0, rng.choice(GREETINGS))
    if rng.random() < 0.4:
        sentences.append(rng.choice(CLOSINGS))
    return roughen(" ".join(sentences), rng)


def _renamed(text: str, old: str, new: str) -> str:
    """Put one product's name in the place of another's, in the case that it is written in."""
    return re.sub(re.escape(old), lambda found: new.lower() if found[0].islower() else new, text, flags=re.IGNORECASE)
