"""Support tickets: what customers write, and how the shop labels it.

    >>> draw_tickets(1, seed=7)[0]
    {'text': '…', 'intent': 'delivery', 'priority': 'high', 'product': 'Lynx tarp'}

A ticket is put together from a problem (its intent), cues (its priority) and small talk, then roughened the way
people write. The shop's priority rule is `priority_of`; everything else is word lists.
"""

import random
from typing import TYPE_CHECKING

from course.data.world import INTENTS, product

if TYPE_CHECKING:
    from datasets import Dataset

PROBLEMS = {
    "refund": (
        "I want to send back my {p} and get my money back.",
        "Please refund the {p}, it is not what I hoped for.",
        "The {p} does not suit me, so I would like my money back.",
        "How do I return the {p}? I do not need it anymore.",
        "I changed my mind about the {p} and want a refund.",
        "My {p} is still in its box. Can I give it back and be paid back?",
        "Returning the {p} for a refund, please tell me the steps.",
        "I got the {p} as a gift twice. Can I return one for cash?",
        "Please take back the {p} and return the money to my card.",
        "I bought the {p} last week but no longer want it. Refund please.",
    ),
    "exchange": (
        "The {p} is too small. Can I swap it for a larger one?",
        "I need another size of the {p}.",
        "Can I exchange my {p} for a different color?",
        "You sent me the blue {p} but I would rather have the green one.",
        "Could I trade the {p} for the next size up?",
        "The {p} is too big for me, can I get a smaller one instead?",
        "I would like to swap the {p} for the same one in black.",
        "Wrong size of the {p} on my side. How does an exchange work?",
        "Please change my {p} to a medium.",
        "The color of the {p} is not for me. May I switch it?",
    ),
    "delivery": (
        "Where is my {p}? It should have arrived by now.",
        "The {p} I ordered has not come yet.",
        "Tracking for the {p} has not moved in days.",
        "My {p} was marked as delivered but there is no parcel.",
        "When will the {p} ship?",
        "The parcel with my {p} went to the wrong house.",
        "I am still waiting for the {p}.",
        "Can you send the {p} to another address? It is on its way.",
        "The courier never came with my {p}.",
        "Has the {p} left your store yet?",
    ),
    "defect": (
        "My {p} broke on the first day.",
        "The {p} has a torn seam.",
        "A strap of the {p} came off.",
        "The {p} stopped working after one trip.",
        "There is a crack in my {p}.",
        "The zipper on the {p} is stuck and will not close.",
        "My {p} arrived damaged.",
        "The {p} leaks badly.",
        "A part of the {p} is bent and does not fit.",
        "The {p} fell apart in my hands.",
    ),
    "billing": (
        "I was charged twice for the {p}.",
        "My invoice for the {p} shows the wrong amount.",
        "The discount for the {p} was not applied.",
        "There is a charge for a {p} that I do not recognize.",
        "Please send me a receipt for the {p}.",
        "You billed my old card for the {p}.",
        "The total for the {p} is higher than at checkout.",
        "I paid for the {p} but the order says unpaid.",
        "Can you correct the name on the bill for the {p}?",
        "My gift card was not used for the {p}.",
    ),
    "advice": (
        "Is the {p} good for winter?",
        "Would the {p} be fine for a beginner?",
        "How do I clean the {p}?",
        "Does the {p} fit in a carry on bag?",
        "Can the {p} handle heavy rain?",
        "What is the best way to store the {p}?",
        "Is the {p} light enough for a long hike?",
        "Do you recommend the {p} for kids?",
        "How do I set up the {p}?",
        "Which size of the {p} should I choose for two people?",
    ),
}

CUES = {
    "danger": (
        "It nearly burned my hand.",
        "Someone could get hurt.",
        "I fell because of it.",
        "It is not safe to use.",
        "My son got hurt.",
        "It smelled of gas.",
        "It gave way while I was climbing.",
        "There was smoke.",
    ),
    "deadline": (
        "I leave tomorrow morning.",
        "Our trip starts on friday.",
        "I need it by tonight.",
        "The race is this weekend.",
        "We fly out in two days.",
        "My flight is tomorrow.",
        "I need an answer today.",
        "The hike begins on monday.",
    ),
    "repeat": (
        "This is my third message.",
        "Nobody answered my last mail.",
        "I wrote to you twice already.",
        "I have called three times.",
        "Still no reply from you.",
        "I asked about this last week.",
    ),
    "relaxed": (
        "No rush at all.",
        "Whenever you have a minute.",
        "It is not urgent.",
        "Take your time.",
        "No hurry, my trip is next year.",
        "There is plenty of time.",
        "It can wait.",
        "Just when it suits you.",
    ),
}
"""Sentences that bear on a ticket's priority."""

CUE_MIXES = (
    ((), 30), (("deadline",), 14), (("relaxed",), 14), (("repeat",), 10), (("danger",), 8),
    (("relaxed", "deadline"), 7), (("repeat", "relaxed"), 9), (("relaxed", "danger"), 4), (("repeat", "deadline"), 4),
)  # fmt: skip
GREETINGS = ("Hi.", "Hello.", "Hi there.", "Good morning.", "Hey team.", "Dear team.", "Hello Juniper.", "Hey.")
ASIDES = (
    "I love your shop.", "It was a present from my sister.", "I bought it in spring.", "The weather here is great.",
    "I live far from any store.", "My dog likes it too.", "I have been a customer for years.", "We hike every sunday.",
    "My {other} is still great.", "I also own the {other} and it is fine.", "The {other} I bought works well.",
    "My friend has the {other}.", "The {other} was perfect.",
)  # fmt: skip
CLOSINGS = ("Thanks.", "Thank you.", "Cheers.", "Best wishes.", "Please help.", "Please let me know.", "Regards.")
TYPOS = {
    "the": "teh", "my": "mi", "please": "pls", "you": "u", "because": "bc", "have": "hav", "with": "wiht",
    "thanks": "thx", "does": "dose", "want": "wnat", "would": "woud", "is": "iz", "and": "n", "for": "fro",
}  # fmt: skip


def priority_of(intent: str, cues: tuple[str, ...]) -> str:
    """Return the shop's priority: danger and deadlines first, a repeated message one step up, no hurry one step down.

    Questions for advice start low, everything else at normal.
    """
    if "danger" in cues or "deadline" in cues:
        return "high"
    level = (0 if intent == "advice" else 1) + ("repeat" in cues) - ("relaxed" in cues)
    return ("low", "normal", "high")[max(level, 0)]


def roughen(text: str, rng: random.Random) -> str:
    """Return the text as people type it: now and then lower-cased, with typing slips, or without full stops."""
    if rng.random() < 0.15:
        text = text.lower()
    if rng.random() < 0.25:
        text = " ".join(TYPOS.get(word, word) if rng.random() < 0.3 else word for word in text.split(" "))
    return text.replace(".", "") if rng.random() < 0.12 else text


def ticket(rng: random.Random, pretraining: bool = False) -> dict[str, str]:
    """Draw one ticket: its text and the shop's three labels; `cues` says what its priority rests on."""
    intent, name, other = rng.choice(INTENTS), product(rng, pretraining), product(rng, pretraining)
    mixes, weights = zip(*CUE_MIXES, strict=True)
    cues = rng.choices(mixes, weights)[0]
    middle = [rng.choice(PROBLEMS[intent]).format(p=name)] + [rng.choice(CUES[cue]) for cue in cues]
    if rng.random() < 0.4:
        middle.insert(rng.randrange(len(middle) + 1), rng.choice(ASIDES).format(other=other))
    if rng.random() < 0.3:
        middle.append(middle.pop(0))
    opening = [rng.choice(GREETINGS)] if rng.random() < 0.5 else []
    closing = [rng.choice(CLOSINGS)] if rng.random() < 0.4 else []
    text = roughen(" ".join(opening + middle + closing), rng)
    return {"text": text, "intent": intent, "priority": priority_of(intent, cues), "product": name, "cues": cues}


def draw_tickets(count: int, seed: int) -> "Dataset":
    """Draw labelled tickets as a data set with the columns text, intent, priority and product."""
    from datasets import Dataset

    rng = random.Random(f"tickets {seed}")
    columns = ("text", "intent", "priority", "product")
    return Dataset.from_list([{key: drawn[key] for key in columns} for drawn in (ticket(rng) for _ in range(count))])
