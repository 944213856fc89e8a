"""Find the adapter that a learner trained in lesson 6, and put it on its base so that it can be switched off.

>>> folder = find_adapter(tier)
>>> base = load_with_adapter(tier, folder)
>>> with base.model.disable_adapter():
...     generate(base.model, base.tokenizer, questions)  # the base answers
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from course.models import Base, Tier, load_base
from course.state import DRIVE

PLACES = (Path("adapter"), Path("../lesson06_training/adapter"), DRIVE / "finetuning-course" / "adapter")


def find_adapter(tier: Tier, places: Sequence[Path | str] = PLACES) -> Path | None:
    """Return the first folder that holds a sound adapter for this tier's base, or None."""
    from course.ladder import inspect

    for place in map(Path, places):
        if place.is_dir() and inspect(place, tier)[1] is not None:
            return place
    return None


def load_for_measuring(tier: Tier) -> Base:
    """Load a tier's base in NF4; on a CPU it is unpacked once, which gives the same numbers sooner."""
    base = load_base(tier, four_bit=True)
    if base.model.device.type == "cpu":
        base.model.dequantize()
    return base


def load_with_adapter(tier: Tier, folder: Path | str) -> Base:
    """Load a tier's base with the adapter from this folder on it, ready to answer."""
    from peft import PeftModel

    base = load_for_measuring(tier)
    return Base(tier, PeftModel.from_pretrained(base.model, str(folder)).eval(), base.tokenizer)
