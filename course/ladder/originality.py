"""Rung 6, originality: find adapters of a class that are copies of each other, however they were disguised.

    >>> similar({"ada": Path("ada/adapter"), "ben": Path("ben/adapter")})
    [Pair(first='ada', second='ben', cosine=1.0, identical=True)]

What is compared is the update ΔW = scaling · B A itself, so that rescaling or rotating A and B hides nothing. A pair is
a question to ask, not a verdict: two runs with equal data, seeds and settings give equal adapters, honestly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course.ladder.climbing import inspect
from course.ladder.tensors import Adapter
from course.models import BaseUnavailable

THRESHOLD = 0.95
"""Cosine from which on two updates are reported."""


@dataclass(frozen=True)
class Pair:
    """Two adapters that are alike: the cosine of their updates, and whether their tensors are equal bit for bit."""

    first: str
    second: str
    cosine: float
    identical: bool


def similar(adapters: Mapping[str, str | Path], threshold: float = THRESHOLD) -> list[Pair]:
    """Return the pairs of adapters whose updates have a cosine of at least `threshold`, most alike first.

    Adapters that do not pass rungs 1 to 3, or whose base cannot be had, are left out. All adapters are held in memory.
    """
    sound = {}
    for name, folder in adapters.items():
        try:
            _, adapter = inspect(folder)
        except BaseUnavailable:
            continue
        if adapter is not None:
            sound[name] = adapter
    norms = {name: math.sqrt(max(dot(adapter, adapter), 0.0)) for name, adapter in sound.items()}
    names, pairs = list(sound), []
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            one, other = sound[first], sound[second]
            if one.declared.tier != other.declared.tier:
                continue
            product = norms[first] * norms[second]
            cosine = dot(one, other) / product if product else 0.0
            if cosine >= threshold:
                pairs.append(Pair(first, second, min(cosine, 1.0), one.digest == other.digest))
    return sorted(pairs, key=lambda pair: (-pair.identical, -pair.cosine, pair.first, pair.second))


def dot(one: Adapter, other: Adapter) -> float:
    """Return the inner product of two adapters' updates, over all layers, in float64 and without forming ΔW.

    For ΔW = B A per layer, tr(ΔW₁ᵀ ΔW₂) = Σ (B₁ᵀ B₂) ∘ (A₁ A₂ᵀ), matrices of rank × rank.
    """
    total = 0.0
    for name in one.updates.keys() & other.updates.keys():
        mine, theirs = one.updates[name], other.updates[name]
        outer, inner = mine.b.double().T @ theirs.b.double(), mine.a.double() @ theirs.a.double().T
        total += float((outer * inner).sum())
    return one.declared.scaling * other.declared.scaling * total
