"""Rungs 4 and 5, behaviour and forgetting: what the adapter does to the grader's own base, on fresh tickets and text.

    >>> measure(adapter, seed=grading_seed())
    Measured(triage=TriageScore(valid=1.0, …, correct=0.94, …), runs_on=0.0, perplexity=5.1, base_perplexity=4.6)

The adapter is attached to the grader's base (see `base`), measured, and taken off. A class is graded with one seed, so
what is drawn with it is drawn once per process.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from course.data import PLAIN, Variant, draw_tickets, general_text, triage_json, triage_messages
from course.evaluation import TriageScore, parse_triage, score_triage
from course.ladder.base import attached, grader_base, is_merged
from course.ladder.tensors import Adapter
from course.models import Base, generate, perplexity

if TYPE_CHECKING:
    from course.ladder.base import Model

TICKETS, BATCH = 200, 64
TEXTS = 16
"""Texts of general text: a ratio of perplexities of 1.4 varies by 0.027 from draw to draw, with 32 as with 16."""
LONGEST = 48
"""Tokens of an answer, at most."""
READ_AT_ONCE = 8
"""Texts whose perplexity is measured together: on a CPU no slower than more, and half the memory."""
FIRST = 8
"""Tickets in the first, small batch, by whose time the rest is estimated."""
SLOW = 30.0
"""Seconds from which on an estimate is worth a line."""
WORST = 1e9
"""Stands for a perplexity that is infinite or not a number, so that reports stay plain JSON."""


@dataclass(frozen=True)
class Measured:
    """What an adapter does: its triage of fresh tickets, and its perplexity on general text beside the base's."""

    triage: TriageScore
    runs_on: float
    """Share of answers that begin with a valid object and then do not stop."""
    perplexity: float
    base_perplexity: float
    answers: tuple[str, ...] = field(default=(), repr=False)
    """What it answered to the tickets."""

    @property
    def ratio(self) -> float:
        """Return the adapter's perplexity as a multiple of the base's."""
        return min(self.perplexity / self.base_perplexity, WORST)


def measure(
    adapter: Adapter,
    seed: int,
    say: Callable[[str], None] = print,
    variant: Variant = PLAIN,
    temperature: float = 1.0,
) -> Measured:
    """Measure an adapter on tickets and text drawn with `seed`; `say` gets progress lines when it takes long.

    Raises `course.models.BaseUnavailable` when the base cannot be had.
    """
    tier = adapter.declared.tier
    if tier.name != "bundled":
        say(f"Loading {tier.model_id}; the first time, it is downloaded.")
    base = grader_base(tier.name)
    before = base_perplexity(tier.name, seed)
    tickets = drawn(seed)
    with attached(base, adapter) as model:
        started = time.perf_counter()
        if is_merged(base):
            answers = _answer_at_once(model, base, seed, variant, temperature)
        else:
            answers = _answer(model, base, tickets, seed, say, temperature)
        seconds = (time.perf_counter() - started) / len(tickets)
        after = _finite(perplexity(model, base.tokenizer, texts(seed), READ_AT_ONCE))
    triage = score_triage(answers, tickets, seconds=seconds, variant=variant)
    runs_on = sum(_runs_on(answer, variant) for answer in answers) / len(answers)
    return Measured(triage, runs_on, after, before, tuple(answers))


@lru_cache(maxsize=4)
def base_perplexity(tier: str, seed: int) -> float:
    """Return the bare base's perplexity on the general text drawn with `seed`."""
    base = grader_base(tier)
    return _finite(perplexity(base.model, base.tokenizer, texts(seed), READ_AT_ONCE))


@lru_cache(maxsize=4)
def texts(seed: int) -> list[str]:
    """Draw the general text that perplexity is measured on, the shortest first: equal lengths need no padding."""
    return sorted(general_text(TEXTS, seed=seed), key=len)


@lru_cache(maxsize=4)
def drawn(seed: int) -> list[dict]:
    """Draw the tickets that adapters are measured on."""
    return list(draw_tickets(TICKETS, seed=seed))


@lru_cache(maxsize=4)
def prompts(tier: str, seed: int) -> list[list[int]]:
    """Return the tokens of the prompts that ask for the triage of `drawn(seed)`, each ticket alone."""
    from course.ladder.decoding import prompts_of  # late: it needs transformers

    return prompts_of(grader_base(tier).tokenizer, [triage_messages(ticket["text"]) for ticket in drawn(seed)])


@lru_cache(maxsize=4)
def right_answers(tier: str, seed: int, variant: Variant) -> list[list[int]]:
    """Return the tokens of the right answers to `drawn(seed)`."""
    texts = [triage_json(ticket, variant) for ticket in drawn(seed)]
    return grader_base(tier).tokenizer(texts, add_special_tokens=False)["input_ids"]


def _answer_at_once(model: "Model", base: Base, seed: int, variant: Variant, temperature: float) -> list[str]:
    """Answer all tickets together, on a CPU; a good adapter's answers are guessed, which makes it sooner."""
    from course.ladder.decoding import answers_to  # late: it needs transformers

    asked, drafts = prompts(base.tier.name, seed), right_answers(base.tier.name, seed, variant)
    return answers_to(model, base.tokenizer, asked, LONGEST, temperature, seed, drafts)


def _answer(
    model: "Model", base: Base, tickets: list[dict], seed: int, say: Callable[[str], None], temperature: float
) -> list[str]:
    """Answer the tickets in batches, and say now and then how long it will take."""
    answers, slow, started = [], False, time.perf_counter()
    for start in (0, *range(FIRST, len(tickets), BATCH)):
        stop = FIRST if start == 0 else min(start + BATCH, len(tickets))
        turns = [triage_messages(ticket["text"]) for ticket in tickets[start:stop]]
        answers += generate(model, base.tokenizer, turns, LONGEST, temperature, seed=(seed + start) % 2**32)
        spent = time.perf_counter() - started
        left = spent / stop * (len(tickets) - stop)
        if slow or left > SLOW:
            slow = True
            where = "the GPU" if model.device.type == "cuda" else "the CPU"
            say(f"{base.tier.name} on {where}: {stop} of {len(tickets)} tickets, about {_minutes(left)} to go.")
    return answers


def _runs_on(answer: str, variant: Variant) -> bool:
    try:
        _, end = json.JSONDecoder().raw_decode(answer)
    except (ValueError, RecursionError):
        return False
    return end < len(answer) and parse_triage(answer[:end], variant) is not None


def _finite(value: float) -> float:
    return value if value < WORST else WORST  # NaN compares as False


def _minutes(seconds: float) -> str:
    return "a minute" if seconds < 90 else f"{seconds / 60:.0f} minutes"
