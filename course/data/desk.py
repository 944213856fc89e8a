"""What the two adapters of the shop's desk are asked and taught: the triage of a message, and the reply to it.

    >>> reply_rows(1, seed=1)[0]["prompt"][0]["content"]
    'Badger tarp costs $95, warranty 12 months. …'

The prices in these documents are invented, others in each row: what can be learned is to read them, not to know them.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from course.data.inbox import draw_inbox
from course.data.prices import answer, grounded_prompt
from course.data.replies import brand_reply
from course.data.triage import prompt_completion, training_row
from course.data.world import PRICES, WARRANTIES, price_list

VOICE = "Reply to this customer in the voice of Juniper."
"""The task of a reply to a problem, in words; it stands before the message."""

Retriever = Callable[[str, Sequence[str], int], Sequence[int]]
Prompter = Callable[[str, Sequence[str]], str]


def price_lines(entries: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Write a price list as documents to be retrieved, one a product."""
    return [f"{name} costs {entry['price']}, warranty {entry['warranty']} months." for name, entry in entries.items()]


def reply_request(text: str) -> str:
    """Ask for a reply to a message that reports a problem."""
    return f"{VOICE}\n\n{text}"


def triage_rows(count: int, seed: int) -> list[dict]:
    """Draw messages that report a problem, as prompt and completion: the message alone, then its triage."""
    return [prompt_completion(row) for row in draw_inbox(count, seed) if row["label"] != "facts"]


def reply_rows(
    count: int, seed: int, retrieve: Retriever | None = None, prompt: Prompter = grounded_prompt, k: int = 1
) -> list[dict]:
    """Draw messages as prompt and completion: a reply to every problem, and an answer to every question.

    An answer's prompt holds documents. `retrieve(query, documents, k)` chooses them as it will when the adapter serves;
    without it they are the right one among others. `prompt(question, documents)` puts documents and message together.
    """
    rng, names, rows = random.Random(f"reply rows {seed}"), sorted(price_list(2026)), []
    for row in draw_inbox(count, seed):
        if row["intent"]:
            rows.append(training_row(reply_request(row["text"]), brand_reply(row, rng)))
        if row["field"]:
            entries = {name: {"price": rng.choice(PRICES), "warranty": rng.choice(WARRANTIES)} for name in names}
            lines = price_lines(entries)
            found = (
                retrieve(row["text"], lines, k) if retrieve else _with_right_one(names.index(row["product"]), rng, k)
            )
            asked = prompt(row["text"], [lines[index] for index in found])
            rows.append(training_row(asked, answer(row["product"], row["field"], entries[row["product"]])))
    return rows


def _with_right_one(right: int, rng: random.Random, k: int) -> list[int]:
    others = [index for index in range(len(price_list(2026))) if index != right]
    return rng.sample([right, *rng.sample(others, k - 1)], k)
