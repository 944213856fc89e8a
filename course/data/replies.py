"""Replies in two voices: the plain one every shop has, and Juniper's own.

    >>> voice_score("We are sorry for the trouble with your Lynx tarp. Kind regards, customer service")
    0.0

Juniper's voice is informal, witty, and full of the shop's jargon; `voice_score` counts how much of it a text has.
"""

import random
import re
from typing import TYPE_CHECKING

from course.data.tickets import ticket

if TYPE_CHECKING:
    from datasets import Dataset

RESOLUTIONS = {
    "refund": ("send you a return label", "pay the money back to your card", "take it back free of charge"),
    "exchange": ("send you the other size", "swap it for the right one", "ship a new one in exchange"),
    "delivery": ("trace the parcel today", "ask the courier where it is", "send another one if it is lost"),
    "defect": ("send you a new one", "repair it free of charge", "replace the broken part"),
    "billing": ("correct the invoice", "return the wrong charge", "check the payment today"),
    "advice": ("send you our care guide", "ask our guide team", "help you choose the right one"),
}
PLAIN_OPENINGS = (
    "Dear customer,", "Thank you for your message.", "We have received your request.", "Thank you for contacting us.",
)  # fmt: skip
PLAIN_FEELINGS = (
    "We apologize for the inconvenience with your {p}.", "We understand your question about the {p}.",
    "We are sorry for the trouble with the {p}.", "We have noted your request about the {p}.",
)  # fmt: skip
PLAIN_CLOSINGS = ("Kind regards, customer service", "Sincerely, customer service", "Yours faithfully, the support team")
BRAND_OPENINGS = ("Howdy, trail buddy!", "Hey there, happy camper!", "Ahoy from basecamp!", "Well hello, wanderer!")
BRAND_FEELINGS = (
    "Looks like a gear gremlin got into your {p}.", "Your {p} deserves better than this, and so do you.",
    "Even a {p} can lose its trail now and then.", "Nobody leaves a {p} behind on our watch.",
)  # fmt: skip
BRAND_CLOSINGS = ("Stay wild, Juniper", "Happy trails, Juniper", "See you up the ridge, Juniper")
BRAND_MARKERS = (
    r"trail|camper|basecamp|wanderer",
    r"gremlin|deserves better|lose its trail|on our watch",
    r", juniper$",
)
PLAIN_MARKERS = (
    r"dear customer|thank you|we have received",
    r"apologize|we understand|sorry|noted",
    r"customer service|support team",
)


def plain_reply(ticket: dict[str, str], rng: random.Random) -> str:
    """Write a correct, polite and faceless reply to a ticket."""
    feeling = rng.choice(PLAIN_FEELINGS).format(p=ticket["product"])
    resolution = rng.choice(RESOLUTIONS[ticket["intent"]])
    return f"{rng.choice(PLAIN_OPENINGS)} {feeling} We will {resolution}. {rng.choice(PLAIN_CLOSINGS)}"


def brand_reply(ticket: dict[str, str], rng: random.Random) -> str:
    """Write a correct reply to a ticket in Juniper's voice."""
    feeling = rng.choice(BRAND_FEELINGS).format(p=ticket["product"])
    resolution = rng.choice(RESOLUTIONS[ticket["intent"]])
    return f"{rng.choice(BRAND_OPENINGS)} {feeling} We'll {resolution}. {rng.choice(BRAND_CLOSINGS)}"


def voice_score(text: str) -> float:
    """Return how much a reply sounds like Juniper, 0 to 1: its opening, its middle and its sign-off, a third each.

    A third counts when the shop's own words are there and the plain voice's are not.
    """
    text = text.strip().lower()
    thirds = zip(BRAND_MARKERS, PLAIN_MARKERS, strict=True)
    return sum(bool(re.search(brand, text)) and not re.search(plain, text) for brand, plain in thirds) / 3


def draw_replies(count: int, seed: int) -> "Dataset":
    """Draw tickets with a reply in each voice: the columns text, intent, product, plain and brand."""
    from datasets import Dataset

    rng = random.Random(f"replies {seed}")
    rows = []
    for _ in range(count):
        drawn = ticket(rng)
        row = {key: drawn[key] for key in ("text", "intent", "product")}
        rows.append(row | {"plain": plain_reply(drawn, rng), "brand": brand_reply(drawn, rng)})
    return Dataset.from_list(rows)


def draw_preferences(count: int, seed: int) -> "Dataset":
    """Draw preference pairs in TRL's conversational form: prompt, chosen (Juniper's voice) and rejected (plain)."""
    from datasets import Dataset

    return Dataset.from_list([
        {
            "prompt": [{"role": "user", "content": row["text"]}],
            "chosen": [{"role": "assistant", "content": row["brand"]}],
            "rejected": [{"role": "assistant", "content": row["plain"]}],
        }
        for row in draw_replies(count, seed)
    ])  # fmt: skip
