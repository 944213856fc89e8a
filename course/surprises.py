"""Measure where a model is surprised: by the template, the customer, the form's line, its digits, or the answer.

>>> surprise_by_part(base.model, base.tokenizer, with_orders(draw_tickets(30, seed=1), seed=1))
{'template': (0.07, 14.9), 'customer': (1.04, 714.5), "form's line": (16.5, 2469.0), ...}
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from course.data import prompt_completion
from course.labels import IGNORED, example

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PARTS = ("template", "customer", "form's line", "digits", "answer")


def parts_of(tokenizer: "PreTrainedTokenizerBase", ticket: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """Return the token ids of a ticket with its answer, and the part that each of them belongs to.

    The form's line is what `with_orders` adds. The line break after the answer counts as answer: it has a label, too.
    """
    row = example(tokenizer, prompt_completion(ticket))
    text = tokenizer.decode(row["input_ids"])
    start = text.index(ticket["text"])
    end = start + len(ticket["text"])
    form = text.rfind(" Order ", start, end)
    form = end if form < 0 else form
    parts, place = [], 0
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        piece = tokenizer.decode([token])
        middle, place = place + len(piece) // 2, place + len(piece)
        if label != IGNORED:
            parts.append("answer")
        elif not start <= middle < end:
            parts.append("template")
        elif middle < form:
            parts.append("customer")
        else:
            parts.append("digits" if piece.strip().isdigit() else "form's line")
    return row["input_ids"], parts


def surprise_by_part(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", tickets: Iterable[Mapping[str, str]]
) -> dict[str, tuple[float, float]]:
    """Return for each part that occurs the mean surprise in nats per token, and the sum over all tickets."""
    import torch

    found: dict[str, list[float]] = {part: [] for part in PARTS}
    for ticket in tickets:
        ids, parts = parts_of(tokenizer, ticket)
        read = torch.tensor([ids], device=model.device)
        with torch.no_grad():
            log_p = model(input_ids=read).logits[0, :-1].float().log_softmax(-1)
        surprises = -log_p.gather(-1, read[0, 1:, None])[:, 0]
        for part, surprise in zip(parts[1:], surprises.tolist(), strict=True):
            found[part].append(surprise)
    return {part: (sum(values) / len(values), sum(values)) for part, values in found.items() if values}
