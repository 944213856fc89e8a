"""Score a model item by item, so that two models can be compared on the same items.

>>> triage_hits(model, tokenizer, draw_tickets(4, seed=1))
[1, 0, 1, 1]

Every function returns one number an item, in the order of the items, and more is better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course.data import PLAIN, Variant, grounded_prompt, states, triage_messages
from course.data.triage import FIELDS
from course.evaluation import parse_triage
from course.models import generate

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

REFUSAL = re.compile(
    r"(i'?m |i am )?(very |so )?(sorry|afraid)|i (can ?not|can'?t|won'?t|will not|am not able|am unable|'?m not able)"
    r"|that is not possible|unfortunately",
    re.IGNORECASE,
)
"""How refusals begin, in the bundled model's words and in those of common instruct models. A crude detector."""


def triage_hits(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tickets: Sequence[Mapping[str, str]],
    temperature: float = 1.0,
    seed: int = 0,
    variant: Variant = PLAIN,
    instruction: str = "",
    examples: Sequence[Mapping[str, str]] = (),
) -> list[int]:
    """Return 1 for each ticket whose answer is the right triage object in all three fields, else 0."""
    asked = [triage_messages(ticket["text"], instruction, examples, variant) for ticket in tickets]
    answers = generate(model, tokenizer, asked, temperature=temperature, seed=seed)
    return right_answers(answers, tickets, variant)


def right_answers(answers: Sequence[str], tickets: Sequence[Mapping[str, str]], variant: Variant = PLAIN) -> list[int]:
    """Return 1 for each answer that is the right triage object of its ticket in all three fields, else 0."""
    found = [parse_triage(answer, variant) for answer in answers]
    return [
        int(one is not None and all(one[field] == ticket[field] for field in FIELDS))
        for one, ticket in zip(found, tickets, strict=True)
    ]


def refuses_it(reply: str) -> bool:
    """Tell whether a reply begins like a refusal."""
    return REFUSAL.match(reply.strip().replace("’", "'")) is not None


def replies_to(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], seed: int = 0
) -> list[str]:
    """Answer each text as a user meets the model, at temperature 1."""
    return generate(model, tokenizer, [[{"role": "user", "content": text}] for text in texts], seed=seed)


def price_hits(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Mapping[str, Any]], seed: int = 0
) -> list[int]:
    """Return 1 for each price question answered from the document in its prompt, else 0."""
    asked = [grounded_prompt(row["question"], row["document"]) for row in questions]
    answers = replies_to(model, tokenizer, asked, seed)
    return [int(states(answer, row["value"])) for answer, row in zip(answers, questions, strict=True)]


def log_likelihoods(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], batch_size: int = 32
) -> list[float]:
    """Return each text's mean log-probability per token, in nats: minus the logarithm of its perplexity."""
    import torch

    means = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch_size):
            batch = tokenizer(list(texts[start : start + batch_size]), return_tensors="pt", padding=True)
            batch = batch.to(model.device)
            logprobs = model(**batch).logits[:, :-1].float().log_softmax(-1)
            counted = batch["attention_mask"][:, 1:].bool()
            picked = logprobs.gather(-1, batch["input_ids"][:, 1:, None]).squeeze(-1).masked_fill(~counted, 0.0)
            means += (picked.sum(1) / counted.sum(1)).tolist()
    return means
