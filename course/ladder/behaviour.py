"""Rungs 4 and 5, behaviour and forgetting: what the adapter does to the grader's own base, on fresh tickets and text.

    >>> measure(adapter, seed=grading_seed())
    Measured(triage=TriageScore(valid=1.0, …, correct=0.94, …), runs_on=0.0, perplexity=5.1, base_perplexity=4.6)

The base is loaded once per process, in NF4 as it was trained. The adapter is attached to it, measured and taken off.
On a CPU, 4-bit weights would be unpacked at every step: the small base is unpacked once, and gives the same numbers.
"""

import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from course.data import draw_tickets, general_text, triage_messages
from course.evaluation import TriageScore, parse_triage, score_triage
from course.ladder.tensors import Adapter
from course.models import Base, generate, load_base, perplexity, without_bars

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    Model = PreTrainedModel | PeftModel

TICKETS, TEXTS, BATCH = 200, 64, 64
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

    @property
    def ratio(self) -> float:
        """Return the adapter's perplexity as a multiple of the base's."""
        return min(self.perplexity / self.base_perplexity, WORST)


@lru_cache(maxsize=1)
def grader_base(tier: str) -> Base:
    """Load a tier's base for grading, in NF4; the last one loaded is kept."""
    with without_bars():
        base = load_base(tier, four_bit=True)
        if tier == "bundled" and base.model.device.type == "cpu":
            base.model.dequantize()
    # A hostile or diverged adapter may give logits that are no numbers; sampling would stop the process on a GPU.
    base.model.generation_config.remove_invalid_values = True
    return base


@contextmanager
def attached(base: Base, adapter: Adapter) -> Iterator["Model"]:
    """Attach an adapter to a base, and take it off again; the base's weights are never written to."""
    attach = _wrapped if getattr(base.model, "is_quantized", False) else _merged
    with attach(base, adapter) as model:
        yield model.eval()


@contextmanager
def _merged(base: Base, adapter: Adapter) -> Iterator["Model"]:
    """Put W + scaling · B A in the place of W, which is kept aside: one product a layer in place of three."""
    layers = {name: base.model.get_submodule(name) for name in adapter.updates}
    kept = {name: layer.weight.data for name, layer in layers.items()}
    try:
        for name, update in adapter.updates.items():
            layers[name].weight.data = kept[name] + adapter.declared.scaling * (update.b @ update.a)
        yield base.model
    finally:
        for name, layer in layers.items():
            layer.weight.data = kept[name]


@contextmanager
def _wrapped(base: Base, adapter: Adapter) -> Iterator["Model"]:
    """Wrap the base's layers with PEFT's, as in training.

    The tensors are copied in one by one: PEFT's `set_peft_model_state_dict` reads the base's state dict on its way, and
    bitsandbytes repacks 4-bit weights when that is read on a CPU, with a small loss each time.
    """
    import torch
    from peft import get_peft_model

    model = None
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = get_peft_model(base.model, adapter.declared.lora_config())
        with torch.no_grad():
            for name, update in adapter.updates.items():
                layer = model.base_model.model.get_submodule(name)
                layer.lora_A["default"].weight.copy_(update.a)
                layer.lora_B["default"].weight.copy_(update.b)
        yield model
    finally:
        if model is None:
            grader_base.cache_clear()  # half an adapter may be left in it
        else:
            model.unload()


def measure(adapter: Adapter, seed: int, say: Callable[[str], None] = print) -> Measured:
    """Measure an adapter on tickets and text drawn with `seed`; `say` gets progress lines when it takes long.

    Raises `course.models.BaseUnavailable` when the base cannot be had.
    """
    tier = adapter.declared.tier
    if tier.name != "bundled":
        say(f"Loading {tier.model_id}; the first time, it is downloaded.")
    base = grader_base(tier.name)
    before = base_perplexity(tier.name, seed)
    tickets = list(draw_tickets(TICKETS, seed=seed))
    with attached(base, adapter) as model:
        answers, seconds = _answer(model, base, tickets, seed, say)
        after = _finite(perplexity(model, base.tokenizer, general_text(TEXTS, seed=seed)))
    triage = score_triage(answers, tickets, seconds=seconds)
    return Measured(triage, sum(map(_runs_on, answers)) / len(answers), after, before)


@lru_cache(maxsize=4)
def base_perplexity(tier: str, seed: int) -> float:
    """Return the bare base's perplexity on the general text drawn with `seed`."""
    base = grader_base(tier)
    return _finite(perplexity(base.model, base.tokenizer, general_text(TEXTS, seed=seed)))


def _answer(model: "Model", base: Base, tickets: list[dict], seed: int, say: Callable[[str], None]):
    """Answer the tickets, alone in the prompt, at temperature 1; return the answers and the seconds per ticket."""
    answers, slow, started = [], False, time.perf_counter()
    for start in (0, *range(FIRST, len(tickets), BATCH)):
        stop = FIRST if start == 0 else min(start + BATCH, len(tickets))
        turns = [triage_messages(ticket["text"]) for ticket in tickets[start:stop]]
        answers += generate(model, base.tokenizer, turns, temperature=1.0, seed=(seed + start) % 2**32)
        spent = time.perf_counter() - started
        left = spent / stop * (len(tickets) - stop)
        if slow or left > SLOW:
            slow = True
            where = "the GPU" if model.device.type == "cuda" else "the CPU"
            say(f"{base.tier.name} on {where}: {stop} of {len(tickets)} tickets, about {_minutes(left)} to go.")
    return answers, (time.perf_counter() - started) / len(tickets)


def _runs_on(answer: str) -> bool:
    try:
        _, end = json.JSONDecoder().raw_decode(answer)
    except (ValueError, RecursionError):
        return False
    return end < len(answer) and parse_triage(answer[:end]) is not None


def _finite(value: float) -> float:
    return value if value < WORST else WORST  # NaN compares as False


def _minutes(seconds: float) -> str:
    return "a minute" if seconds < 90 else f"{seconds / 60:.0f} minutes"
