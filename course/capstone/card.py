"""The card of a capstone: what the adapter is, what it was measured to do, and where it should not be used.

>>> write_card("capstone", examples=1_160, limits="English tickets only. It has never seen a complaint about staff. …")

It writes `card.json`, for programs, and `README.md`, the model card, for people.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from course.capstone.gate import PLAN, Compared, compare
from course.capstone.variants import variant
from course.data import PRACTICE_SEED, Variant
from course.ladder.climbing import inspect
from course.ladder.configuration import Declared
from course.ladder.files import read_small
from course.ladder.header import parse_json
from course.ladder.tensors import Adapter
from course.models import Tier, fingerprint
from course.student import student
from course.whole import replacing

CARD, README = "card.json", "README.md"
MAX_CARD = 64_000
CARD_SEED = PRACTICE_SEED + 1
"""Seed of the items that a card is measured on; the grade draws others."""
REWRITE = "Write it again with `write_card`"
SHORTEST, LONGEST = 80, 4_000
"""Characters that limits must have at least, and at most."""


@dataclass(frozen=True)
class Card:
    """What a card says, once every part has its type; a part that has not is None, or missing from the metrics."""

    student: str | None
    base: str | None
    tier: str | None
    examples: int | None
    rank: int | None
    metrics: dict[str, Compared]
    limits: str | None


def base_name(tier: Tier) -> str:
    """Name a tier's base so that everybody can find it: its repository, or the bundled model's version."""
    return f"bundled@{fingerprint(tier)}" if tier.name == "bundled" else tier.model_id


def write_card(folder: str | Path = "capstone", *, examples: int, limits: str, seed: int = CARD_SEED) -> dict:
    """Measure the adapter in `folder` against its base, write both cards beside it, and return what `card.json` holds.

    `examples` is how many rows it was trained on, `limits` says in your own words where it should not be used.
    Raises ValueError when there is no sound adapter in `folder`, or when `limits` is no text of some sentences.
    """
    if not isinstance(limits, str) or not SHORTEST <= len(limits.strip()) <= LONGEST:
        raise ValueError(f"Write {SHORTEST} to {LONGEST} characters of limits: what was it never tried on?")
    if type(examples) is not int or examples < 1:
        raise ValueError("`examples` is the number of rows in your training data, a whole number.")
    rungs, adapter = inspect(folder)
    if adapter is None:
        raise ValueError(rungs[-1].sentence)
    who = student()
    own = variant(who)
    content = _content(adapter.declared, compare(adapter, own, seed), who, examples, limits.strip())
    card = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    for name, text in ((CARD, card), (README, markdown(content, adapter, own))):
        with replacing(Path(folder, name)) as draft:
            draft.write_text(text, encoding="utf-8")
    print(f"{CARD} and {README} are in {folder}.")
    return content


def _content(
    declared: Declared, compared: dict[str, Compared], who: str, examples: int, limits: str
) -> dict[str, object]:
    return {
        "student": who,
        "base": base_name(declared.tier),
        "tier": declared.tier.name,
        "examples": examples,
        "rank": declared.rank,
        "metrics": {metric: found.as_dict() for metric, found in compared.items()},
        "limits": limits,
    }


def markdown(content: dict, adapter: Adapter, own: Variant) -> str:
    """Write a card for people, with the front matter that the Hugging Face hub reads."""
    rows = "\n".join(
        f"| {metric} | {one['base']:.3f} | {one['tuned']:.3f} | {one['low']:+.3f} to {one['high']:+.3f} "
        f"| {one['items']} | {PLAN[metric].what} |"
        for metric, one in content["metrics"].items()
    )
    return f"""---
base_model: {content["base"]}
library_name: peft
language: en
tags: [lora, triage]
---

# Triage for Juniper Outfitters, in the variant of {content["student"]}

A LoRA adapter of rank {content["rank"]} ({adapter.parameters:,} parameters) on `{content["base"]}`. From a support
ticket, alone in the prompt, it writes one JSON object with the keys {", ".join(f"`{key}`" for key in own.keys)}.
It was trained on {content["examples"]:,} examples.

## Measured

Base and adapter on the same fresh items; the interval is of the difference, 95 %, paired.

| metric | base | adapter | difference | items | what is counted |
|---|---|---|---|---|---|
{rows}

## Limits

{content["limits"]}
"""


def read_card(folder: str | Path) -> Card:
    """Read what a stranger's card says. Raises `Fault` when it is no small, plain JSON object."""
    raw = read_small(CARD, folder, MAX_CARD, REWRITE)
    found = parse_json(raw, f"`{CARD}`", REWRITE)
    metrics = found.get("metrics") if isinstance(found.get("metrics"), dict) else {}
    return Card(
        student=_text(found.get("student"), 200),
        base=_text(found.get("base"), 200),
        tier=_text(found.get("tier"), 50),
        examples=_whole(found.get("examples"), 10**9),
        rank=_whole(found.get("rank"), 10**6),
        metrics={name: claim for name in PLAN if (claim := _claim(metrics.get(name))) is not None},
        limits=_text(found.get("limits"), LONGEST),
    )


def _claim(found: object) -> Compared | None:
    if not isinstance(found, dict):
        return None
    numbers = [found.get(name) for name in ("base", "tuned", "low", "high")]
    if not all(type(number) in (int, float) and -1e6 < number < 1e6 for number in numbers):  # NaN compares as False
        return None
    return Compared(*map(float, numbers), items=_whole(found.get("items"), 10**9) or 0)


def _text(found: object, longest: int) -> str | None:
    return found if isinstance(found, str) and found.strip() and len(found) <= longest else None


def _whole(found: object, most: int) -> int | None:
    return found if type(found) is int and 1 <= found <= most else None
