"""How well a model does the shop's jobs, measured on fresh draws.

>>> measure_triage(base.model, base.tokenizer, draw_tickets(200, seed=1))
TriageScore(valid=0.12, intent=0.11, priority=0.08, product=0.12, correct=0.07, …)
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course.data import PLAIN, Variant, grounded_prompt, states, triage_messages
from course.data.triage import FIELDS

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class TriageScore:
    """Shares, 0 to 1, of tickets whose answer is valid, right in a field, and right in all; and what a call cost."""

    valid: float
    intent: float
    priority: float
    product: float
    correct: float
    """All three fields right."""
    prompt_tokens: float
    """Mean tokens of a prompt, chat template included."""
    seconds: float
    """Mean seconds per answer, in batches."""


def parse_triage(text: str, variant: Variant = PLAIN) -> dict[str, str] | None:
    """Return the triage object an answer consists of, in the plain words, or None when it is anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return variant.read(found)


def measure_triage(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    tickets: Sequence[Mapping[str, str]],
    instruction: str = "",
    examples: Sequence[Mapping[str, str]] = (),
    temperature: float = 1.0,
    seed: int = 0,
) -> TriageScore:
    """Ask for the triage of every ticket and score the answers against its labels."""
    from course.models import generate

    conversations = [triage_messages(ticket["text"], instruction, examples) for ticket in tickets]
    started = time.perf_counter()
    answers = generate(model, tokenizer, conversations, temperature=temperature, seed=seed)
    seconds = (time.perf_counter() - started) / len(tickets)
    return score_triage(answers, tickets, _mean_tokens(tokenizer, conversations), seconds)


def score_triage(
    answers: Sequence[str],
    tickets: Sequence[Mapping[str, str]],
    prompt_tokens: float = 0.0,
    seconds: float = 0.0,
    variant: Variant = PLAIN,
) -> TriageScore:
    """Score answers against the tickets' labels; an answer that is not valid has no right field."""
    found = [parse_triage(answer, variant) for answer in answers]

    def share(hits: list[bool]) -> float:
        return sum(hits) / len(hits)

    right = {
        field: [bool(one) and one[field] == ticket[field] for one, ticket in zip(found, tickets, strict=True)]
        for field in FIELDS
    }
    return TriageScore(
        valid=share([one is not None for one in found]),
        **{field: share(hits) for field, hits in right.items()},
        correct=share([all(fields) for fields in zip(*right.values(), strict=True)]),
        prompt_tokens=prompt_tokens,
        seconds=seconds,
    )


@dataclass(frozen=True)
class PriceScore:
    """Share of price questions answered with the current value, and what a call cost."""

    correct: float
    prompt_tokens: float
    seconds: float


def measure_prices(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    questions: Sequence[Mapping[str, Any]],
    with_document: bool,
    temperature: float = 0.0,
) -> PriceScore:
    """Ask every price question, with the document that answers it or from memory alone, and score the stated value."""
    from course.models import generate

    prompts = [
        grounded_prompt(row["question"], row["document"]) if with_document else row["question"] for row in questions
    ]
    conversations = [[{"role": "user", "content": prompt}] for prompt in prompts]
    started = time.perf_counter()
    answers = generate(model, tokenizer, conversations, temperature=temperature)
    seconds = (time.perf_counter() - started) / len(prompts)
    right = [states(answer, row["value"]) for answer, row in zip(answers, questions, strict=True)]
    return PriceScore(sum(right) / len(right), _mean_tokens(tokenizer, conversations), seconds)


def _mean_tokens(tokenizer: "PreTrainedTokenizerBase", conversations: Sequence[list[dict[str, str]]]) -> float:
    texts = [
        tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) for turns in conversations
    ]
    return sum(len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]) / len(texts)
