"""Juniper's own material for the voice job: an archive of imperfect replies, and comparisons between two of them.

    >>> draw_archive(1, seed=1)[0]["completion"][0]["content"]
    'Howdy, trail buddy! We are sorry for the trouble with the Lynx tarp. We will …'

A reply has three parts that carry a voice: opening, feeling and sign-off. Each archived reply has at most two of them
in Juniper's voice: nobody ever wrote a perfect one. But anybody can say which of two replies sounds more like Juniper.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from course.data.replies import (
    BRAND_CLOSINGS,
    BRAND_FEELINGS,
    BRAND_OPENINGS,
    PLAIN_CLOSINGS,
    PLAIN_FEELINGS,
    PLAIN_OPENINGS,
    RESOLUTIONS,
)
from course.data.tickets import ticket

if TYPE_CHECKING:
    from datasets import Dataset

VOICED = ((PLAIN_OPENINGS, BRAND_OPENINGS), (PLAIN_FEELINGS, BRAND_FEELINGS), (PLAIN_CLOSINGS, BRAND_CLOSINGS))
LEVELS = {0: ((0, 0, 0),), 1: ((1, 0, 0), (0, 1, 0), (0, 0, 1)), 2: ((1, 1, 0), (1, 0, 1), (0, 1, 1))}
"""Which of opening, feeling and sign-off are Juniper's, by how many are."""


def mixed_reply(ticket: Mapping[str, str], voiced: Sequence[int], rng: random.Random) -> str:
    """Write a correct reply in which those of opening, feeling and sign-off marked 1 are in Juniper's voice."""
    opening, feeling, closing = (rng.choice(texts[own]) for texts, own in zip(VOICED, voiced, strict=True))
    will = rng.choice(("We will", "We'll"))
    resolution = rng.choice(RESOLUTIONS[ticket["intent"]])
    return f"{opening} {feeling.format(p=ticket['product'])} {will} {resolution}. {closing}"


def draw_archive(count: int, seed: int) -> "Dataset":
    """Draw archived replies as prompt and completion, messages both: none, one or two parts are Juniper's."""
    from datasets import Dataset

    rng, rows = random.Random(f"archive {seed}"), []
    for _ in range(count):
        drawn = ticket(rng)
        reply = mixed_reply(drawn, rng.choice(LEVELS[rng.choice((0, 1, 2))]), rng)
        rows.append({"prompt": _user(drawn), "completion": _assistant(reply)})
    return Dataset.from_list(rows)


def draw_comparisons(count: int, seed: int) -> "Dataset":
    """Draw pairs of such replies to one ticket in TRL's form: chosen has more of Juniper's voice than rejected."""
    from datasets import Dataset

    rng, rows = random.Random(f"comparisons {seed}"), []
    for _ in range(count):
        drawn = ticket(rng)
        less, more = rng.choice(((0, 1), (0, 2), (1, 2)))
        chosen, rejected = (mixed_reply(drawn, rng.choice(LEVELS[level]), rng) for level in (more, less))
        rows.append({"prompt": _user(drawn), "chosen": _assistant(chosen), "rejected": _assistant(rejected)})
    return Dataset.from_list(rows)


def _user(drawn: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"role": "user", "content": drawn["text"]}]


def _assistant(reply: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": reply}]
