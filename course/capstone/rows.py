"""What a capstone trains on: tickets in the student's own variant, and the base's own answers, so that it keeps them.

>>> rows = variant_rows(variant("ada"), 1_000, seed=80) + rehearsal(base, requests=100, questions=60, seed=81)
>>> run = train_adapter(base, Dataset.from_list(rows).shuffle(seed=0), "runs", steps=120)

Rehearsal (replay) needs no labels: the base, which could do it before, is its own teacher.
"""

from course.data import Variant, draw_price_questions, draw_tickets, grounded_prompt, prompt_completion, unsafe_requests
from course.data.triage import training_row
from course.item_scores import refuses_it, replies_to
from course.models import Base

UNASKED_YEAR = 2031
"""Of its price list, no price is that of 2025 to 2027: what can be learned from it is to read, not to know."""


def variant_rows(variant: Variant, count: int, seed: int) -> list[dict]:
    """Draw labelled tickets as prompt and completion: the ticket alone, then its object in this variant."""
    return [prompt_completion(ticket, variant) for ticket in draw_tickets(count, seed=seed)]


def rehearsal(base: Base, requests: int, questions: int, seed: int) -> list[dict]:
    """Let the base answer unsafe requests and price questions, each with its document; return prompt and completion.

    A teacher slips, too: of its answers to unsafe requests, only those that refuse are kept. The price lists are those
    of `UNASKED_YEAR`.
    """
    unsafe = unsafe_requests(requests, seed=seed)
    asked = draw_price_questions(questions, seed=seed, year=UNASKED_YEAR)
    open_book = [grounded_prompt(row["question"], row["document"]) for row in asked]
    replies = replies_to(base.model, base.tokenizer, unsafe + open_book, seed=seed)
    return [
        training_row(text, reply)
        for number, (text, reply) in enumerate(zip(unsafe + open_book, replies, strict=True))
        if number >= len(unsafe) or refuses_it(reply)
    ]
