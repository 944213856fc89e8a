"""Grade a capstone: the ladder's rungs in the student's own variant, then the card, then the release gate.

>>> report = grade("capstone")
>>> report.score, report.rungs[6].state
(1.0, 'passed')

score = behaviour × (0.55 + 0.05 × memory + 0.15 × card + 0.25 × gate), 0 unless rungs 1 to 3 are passed. Behaviour and
memory are the ladder's own; the card counts by the parts that are complete and true; of the gate, the target counts
two parts and each other metric one. So nothing is earned by a card alone. A program reads the object and wants one
certain answer, so the adapter's likeliest is measured (temperature 0), as in lesson 7's gate.
"""

import time
from collections.abc import Callable
from pathlib import Path

from course.capstone.card import read_card
from course.capstone.gate import PLAN, TARGET, Compared, compare, passes
from course.capstone.strangers import foreign
from course.capstone.truth import judge_card
from course.capstone.variants import variant
from course.data import PRACTICE_SEED, grading_seed
from course.ladder.behaviour import Measured, measure
from course.ladder.climbing import PRACTICE_NOTE, figures_of, hand_over, inspect
from course.ladder.report import FAILED, NOT_REACHED, PASSED, Fault, Report, Rung, quote
from course.ladder.scoring import behaviour, behaviour_rung, forgetting_rung, memory
from course.ladder.tensors import Adapter
from course.models import TIERS, Tier
from course.start import quiet
from course.student import student

NAMES = ("Files", "Configuration", "Tensors", "Behaviour", "Forgetting", "Card", "Release gate")
BASIC, MEMORY, CARD, GATE = 0.55, 0.05, 0.15, 0.25
MIX_IN = "Mix the base's own answers into your training data (`rehearsal`) and train again"


def grade(
    folder: str | Path = "capstone",
    tier: Tier | str | None = None,
    show: bool = True,
    say: Callable[[str], None] = print,
) -> Report:
    """Check a capstone on all seven rungs, show the table and return the report.

    The variant is that of `course.student()`: your own while you practise, that of whom the judge grades when it is
    graded. Whatever the folder holds, this returns a report; it raises `course.models.BaseUnavailable` when the base
    cannot be had.
    """
    quiet()
    rungs, adapter = inspect(folder, TIERS[tier] if isinstance(tier, str) else tier)
    figures: dict[str, float] = {}
    points, note = 0.0, ""
    if adapter is not None:
        started, seed, who = time.perf_counter(), grading_seed(), student()
        found = measure(adapter, seed, say, variant(who), temperature=0.0)
        rungs += [_behaviour(found, who), forgetting_rung(found)]
        shares = {"card": 0.0, "gate": 0.0}
        if earned := behaviour(found):
            compared = compare(adapter, variant(who), seed, found.answers)
            for name, (share, rung) in {"card": _card(folder, adapter, compared, who), "gate": _gate(compared)}.items():
                shares[name] = share
                rungs.append(rung)
        points = earned * (BASIC + MEMORY * memory(found) + CARD * shares["card"] + GATE * shares["gate"])
        figures = figures_of(adapter, found, time.perf_counter() - started) | shares
        note = PRACTICE_NOTE if seed == PRACTICE_SEED else ""
    rungs += [Rung(number, name, NOT_REACHED, "") for number, name in enumerate(NAMES, 1)][len(rungs) :]
    name = adapter.declared.tier.name if adapter else None
    return hand_over(Report(quote(str(folder)).strip("`"), name, tuple(rungs), round(points, 6), figures, note), show)


def _behaviour(found: Measured, who: str) -> Rung:
    """Judge rung 4 as the ladder does; where the answers are somebody else's, say that."""
    rung = behaviour_rung(found)
    stranger = foreign(found.answers, who) if rung.state == FAILED else ""
    return Rung(4, rung.name, FAILED, stranger) if stranger else rung


def _card(folder: str | Path, adapter: Adapter, compared: dict[str, Compared], who: str) -> tuple[float, Rung]:
    try:
        share, problems = judge_card(read_card(folder), adapter, compared, who)
    except Fault as fault:
        return 0.0, Rung(6, NAMES[5], FAILED, str(fault))
    if not problems:
        return share, Rung(6, NAMES[5], PASSED, "Complete, and its figures agree with those measured here.")
    more = f" (and {len(problems) - 2} more)" if len(problems) > 2 else ""
    return share, Rung(6, NAMES[5], FAILED, f"In `card.json`, {'; '.join(problems[:2])}{more}.")


def _gate(compared: dict[str, Compared]) -> tuple[float, Rung]:
    told = {
        metric: f"{metric} {one.base:.2f} → {one.tuned:.2f} ({one.low:+.2f} to {one.high:+.2f})"
        for metric, one in compared.items()
    }
    held = {metric: passes(metric, one) for metric, one in compared.items()}
    share = sum((2 if metric == TARGET else 1) * held[metric] for metric in PLAN) / (len(PLAN) + 1)
    if all(held.values()):
        return share, Rung(7, NAMES[6], PASSED, f"Released: {'; '.join(told.values())}.")
    failed = [metric for metric in PLAN if not held[metric]]
    advice = "Show that it is better than the base: train for more steps" if failed == [TARGET] else MIX_IN
    return share, Rung(7, NAMES[6], FAILED, f"Not released: {'; '.join(told[one] for one in failed)}. {advice}.")
