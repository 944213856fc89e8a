"""Spoil good tickets in the ways that real data is spoilt, so that a lesson can measure what each one costs.

    with_orders(draw_tickets(2, seed=1), seed=1)[0]["text"]      # '... Order 48213.'
    mislabelled(tickets, share=0.2, seed=2)                      # a fifth of the intents are wrong
    resent(tickets, count=100, seed=3)                           # a form that sends everything again and again

Nothing is changed in place; equal seeds give equal data in any process.
"""

import random
from collections.abc import Iterable, Mapping, Sequence

from course.data import INTENTS

Ticket = dict[str, str]
ENDINGS = ("", " Thanks.", " Cheers.", " Regards.", " Please.")


def with_orders(tickets: Iterable[Mapping[str, str]], seed: int) -> list[Ticket]:
    """Return the tickets as Juniper's contact form delivers them: with the customer's order number, five digits."""
    rng = random.Random(f"orders {seed}")
    return [dict(ticket, text=f"{ticket['text']} Order {rng.randrange(100_000):05}.") for ticket in tickets]


def mislabelled(tickets: Iterable[Mapping[str, str]], share: float, seed: int) -> list[Ticket]:
    """Return the tickets with another intent, drawn at random, in about this share of them."""
    rng, spoilt = random.Random(f"labels {seed}"), []
    for ticket in tickets:
        wrong = rng.choice([intent for intent in INTENTS if intent != ticket["intent"]])
        spoilt.append(dict(ticket, intent=wrong if rng.random() < share else ticket["intent"]))
    return spoilt


def resent(tickets: Sequence[Mapping[str, str]], count: int, seed: int) -> list[Ticket]:
    """Return `count` near-copies of the tickets, shuffled; `customer` says who wrote each (C0, C1, … in order).

    A copy has another ending, and now and then no capitals: a person sees at once that it is the same message.
    """
    rng, copies = random.Random(f"resent {seed}"), []
    for number in range(count):
        customer = number % len(tickets)
        text = tickets[customer]["text"] + rng.choice(ENDINGS)
        text = text.lower() if rng.random() < 0.2 else text
        copies.append(dict(tickets[customer], text=text, customer=f"C{customer}"))
    rng.shuffle(copies)
    return copies
