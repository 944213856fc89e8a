"""What the two adapters of the shop's desk are asked and taught: the triage of a message, and the reply to it.

    >>> reply_rows(1, seed=1)[0]["prompt"][0]["content"]
    'Badger tarp costs $95, warranty 12 months. …'

The prices in these documents are invented, others in each row: what can be learned is to read them, not to know them.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from course.data.inbox import draw_inbox
from course.data.prices import ANSWERS, grounded_prompt
from course.data.replies import BRAND_CLOSINGS, BRAND_OPENINGS, brand_reply
from course.data.triage import prompt_completion
from course.data.world import PRICES, WARRANTIES, price_list

TASKS = {
    "triage": "Reply to this customer in the voice of Juniper.",
    "facts": "Answer this question in the voice of Juniper.",
    "both": "Reply to this customer in the voice of Juniper, and answer the question.",
}
"""The task of the reply, in words, by what the message needs; it stands before the message."""

Retriever = Callable[[str, Sequence[str], int], Sequence[int]]
Prompter = Callable[[str, Sequence[str]], str]


def price_lines(entries: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Write a price list as documents to be retrieved, one a product."""
    return [f"{name} costs {entry['price']}, warranty {entry['warranty']} months." for name, entry in entries.items()]


def reply_request(text: str, label: str = "triage") -> str:
    """Ask for a reply to a message that needs this."""
    return f"{TASKS[label]}\n\n{text}"


def desk_reply(message: Mapping[str, str], rng: random.Random) -> str:
    """Write the reply to a message in Juniper's voice: comfort for its problem, the fact for its question."""
    fact = ANSWERS[message["field"]].format(p=message["product"], v=message["value"]) if message["field"] else ""
    if message["label"] == "facts":
        return f"{rng.choice(BRAND_OPENINGS)} {fact} {rng.choice(BRAND_CLOSINGS)}"
    reply = brand_reply(message, rng)
    end = next(closing for closing in BRAND_CLOSINGS if reply.endswith(closing))
    return f"{reply.removesuffix(end)}{fact} {end}" if fact else reply


def triage_rows(count: int, seed: int) -> list[dict]:
    """Draw messages that report a problem, as prompt and completion: the message alone, then its triage."""
    return [prompt_completion(row) for row in draw_inbox(count, seed) if row["label"] != "facts"]


def reply_rows(
    count: int, seed: int, retrieve: Retriever | None = None, prompt: Prompter = grounded_prompt, k: int = 1
) -> list[dict]:
    """Draw messages as prompt and completion: documents where a fact is asked for, the request, then the reply.

    `retrieve(query, documents, k)` chooses the documents as it will when the adapter serves; without it they are the
    right one among others. `prompt(question, documents)` puts them together.
    """
    rng, names, rows = random.Random(f"reply rows {seed}"), sorted(price_list(2026)), []
    for row in draw_inbox(count, seed):
        entries = {name: {"price": rng.choice(PRICES), "warranty": rng.choice(WARRANTIES)} for name in names}
        documents = []
        if row["field"]:
            row = row | {"value": entries[row["product"]][row["field"]]}
            lines = price_lines(entries)
            found = (
                retrieve(row["text"], lines, k) if retrieve else _with_right_one(names.index(row["product"]), rng, k)
            )
            documents = [lines[index] for index in found]
        asked = prompt(reply_request(row["text"], row["label"]), documents)
        rows.append({
            "prompt": [{"role": "user", "content": asked}],
            "completion": [{"role": "assistant", "content": desk_reply(row, rng)}],
        })  # fmt: skip
    return rows


def _with_right_one(right: int, rng: random.Random, k: int) -> list[int]:
    others = [index for index in range(len(price_list(2026))) if index != right]
    return rng.sample([right, *rng.sample(others, k - 1)], k)
