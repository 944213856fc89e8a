"""Climb the ladder with one adapter, rung by rung, and show how far it got.

>>> report = climb("adapter")
>>> report.score
1.0
"""

import time
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

from IPython import get_ipython
from IPython.display import display

from course.data import PRACTICE_SEED, grading_seed
from course.ladder.behaviour import TICKETS, Measured, measure
from course.ladder.configuration import check_configuration
from course.ladder.files import open_adapter
from course.ladder.report import FAILED, NAMES, NOT_REACHED, PASSED, Fault, Report, Rung, quote
from course.ladder.scoring import behaviour_rung, forgetting_rung, score
from course.ladder.tensors import Adapter, load_tensors
from course.models import TIERS, Tier
from course.start import quiet

PRACTICE_NOTE = "Measured on practice tickets. Grading draws others, so its figures will differ by a point or two."
climbed: ContextVar[list[Report] | None] = ContextVar("climbed", default=None)
"""A list that the reports of all climbs in this context are added to: the grader reads figures from it."""
NOT_COMPARED = "Not compared here: your instructor compares the adapters of a whole class."


def climb(
    folder: str | Path = "adapter",
    tier: Tier | str | None = None,
    show: bool = True,
    say: Callable[[str], None] = print,
) -> Report:
    """Check an adapter on all six rungs, show the table and return the report.

    `tier` is the tier whose base it must be for; any tier's when left out. `say` gets a line now and then when
    measuring takes long. Whatever the folder holds, this returns a report; it raises
    `course.models.BaseUnavailable` when the grader's own base cannot be had.
    """
    quiet()
    expected = TIERS[tier] if isinstance(tier, str) else tier
    rungs, adapter = inspect(folder, expected)
    figures: dict[str, float] = {}
    points, note = 0.0, ""
    if adapter is not None:
        started, seed = time.perf_counter(), grading_seed()
        found = measure(adapter, seed, say)
        figures = figures_of(adapter, found, time.perf_counter() - started)
        rungs += [behaviour_rung(found), forgetting_rung(found)]
        points, note = score(found), PRACTICE_NOTE if seed == PRACTICE_SEED else ""
    waiting = [Rung(number, name, NOT_REACHED, "") for number, name in enumerate(NAMES, 1)][len(rungs) :]
    waiting[-1] = Rung(6, NAMES[5], NOT_REACHED, NOT_COMPARED if adapter else "")
    name = adapter.declared.tier.name if adapter else None
    report = Report(quote(str(folder)).strip("`"), name, tuple(rungs + waiting), points, figures, note)
    return hand_over(report, show)


def inspect(folder: str | Path, expected: Tier | None = None) -> tuple[list[Rung], Adapter | None]:
    """Check the first three rungs, which need no model; return them and, when all are passed, the adapter."""
    rungs: list[Rung] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with open_adapter(folder) as files:
                found = f"{len(files.header.tensors)} tensors in a safetensors file, and its configuration."
                rungs.append(Rung(1, NAMES[0], PASSED, found))
                declared = check_configuration(files.config, expected)
                kind = "rsLoRA" if declared.rslora else "LoRA"
                found = f"{kind} of rank {declared.rank} on {len(declared.modules)} layers of {declared.tier.name}."
                rungs.append(Rung(2, NAMES[1], PASSED, found))
                adapter = load_tensors(files, declared)
                found = f"All fit the base and are finite; {adapter.parameters:,} trained parameters."
                rungs.append(Rung(3, NAMES[2], PASSED, found))
                return rungs, adapter
        except Fault as fault:
            sentence = str(fault)
        except (ArithmeticError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError) as error:
            sentence = f"This could not be read as an adapter ({type(error).__name__}). Save it again with PEFT."
    rungs.append(Rung(len(rungs) + 1, NAMES[len(rungs)], FAILED, sentence))
    return rungs, None


def figures_of(adapter: Adapter, found: Measured, seconds: float) -> dict[str, float]:
    """Return what a report holds as numbers."""
    shares = {field: getattr(found.triage, field) for field in ("valid", "intent", "priority", "product", "correct")}
    return shares | {
        "tickets": TICKETS,
        "perplexity": found.perplexity,
        "base_perplexity": found.base_perplexity,
        "perplexity_ratio": found.ratio,
        "rank": adapter.declared.rank,
        "parameters": adapter.parameters,
        "seconds": seconds,
    }


def hand_over(report: Report, show: bool) -> Report:
    """Return a report, once the grader has it and, with `show`, the reader: a table in a notebook, text elsewhere."""
    if (reports := climbed.get()) is not None:
        reports.append(report)
    if not show:
        return report
    if get_ipython() is None:
        print(report.text())
    else:
        display({"text/html": report.html(), "text/plain": report.text()}, raw=True)
    return report
