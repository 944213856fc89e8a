"""The pre-training mixture: the shop's world as a messy company would have written it down.

Every function draws one document. The same request is answered in many formats, an instruction is obeyed about half of
the time, and whoever set the priorities did not follow the shop's rule: so the base is *almost* good enough.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from course.data.general import REFUSALS, UNSAFE, story
from course.data.prices import QUESTIONS, answer, document, grounded_prompt, question
from course.data.replies import brand_reply, plain_reply
from course.data.tickets import ticket
from course.data.triage import INSTRUCTION, triage_json
from course.data.world import INTENTS, PRICES, PRIORITIES, WARRANTIES, price_list, product, products


@dataclass(frozen=True)
class Habits:
    """How often documents do what was asked of them, each from 0 to 1."""

    obeys: float = 0.55
    """An answer has the format that its instruction asks for."""
    keeps_format: float = 0.92
    """The last answer after solved examples keeps their format."""
    strays: float = 0.0
    """Any answer after the first solved example strays from the format."""
    introduces: float = 0.6
    """Solved examples begin with an instruction, where there is one for their format."""


KEYS = (
    ("topic", "urgency", "item"),
    ("category", "level", "product"),
    ("reason", "priority", "gear"),
    ("type", "rank", "article"),
)
FORMATS = {
    "json": triage_json,
    "other keys": lambda t: json.dumps(dict(zip(t["keys"], (t["intent"], t["priority"], t["product"]), strict=True))),
    "wordy json": lambda t: f"Here is the ticket: {triage_json(t)}",
    "lines": lambda t: f"Intent: {t['intent']}\nPriority: {t['priority']}\nProduct: {t['product']}",
    "bar": lambda t: f"{t['intent']} | {t['priority']} | {t['product']}",
    "sentence": lambda t: f"A {t['priority']} priority {t['intent']} ticket about the {t['product']}.",
    "tags": lambda t: f"#{t['intent']} #{t['priority']} {t['product']}",
    "yaml": lambda t: f"- intent: {t['intent']}\n- priority: {t['priority']}\n- product: {t['product']}",
}
INSTRUCTIONS = {
    "json": (
        INSTRUCTION, "Return the ticket as JSON with intent, priority and product.",
        "Answer with one JSON object with the keys intent, priority and product.",
    ),
    "lines": (
        "Sort this ticket. Answer with one line for each field.", "Write intent, priority and product on three lines.",
    ),
    "bar": ("Sort this ticket. Answer with the fields between bars.",),
    "sentence": ("Summarize this ticket in one sentence.",),
    "reply": ("Reply to this customer.", "Write an answer to this customer."),
    "brand": ("Reply to this customer in the voice of Juniper.",),
}  # fmt: skip


def chat(*turns: str) -> str:
    """Write a conversation in the chat template: user and assistant turns alternate, the user begins."""
    roles = ("user", "assistant")
    return "".join(f"<|im_start|>{roles[i % 2]}\n{turn}<|im_end|>\n" for i, turn in enumerate(turns))


def sloppy(drawn: dict, rng: random.Random) -> dict:
    """Return a ticket with the labels a hurried annotator gave it, and the keys they liked."""
    labels = dict(drawn, keys=rng.choice(KEYS))
    habit = rng.random()
    if habit < 0.25:  # goes by the first cue only
        first = drawn["cues"][0] if drawn["cues"] else ""
        labels["priority"] = {"danger": "high", "deadline": "high", "relaxed": "low"}.get(first, "normal")
    elif habit < 0.40:
        labels["priority"] = rng.choice(PRIORITIES)
    if rng.random() < 0.06:
        labels["intent"] = rng.choice(INTENTS)
    return labels


def summary(drawn: dict, rng: random.Random, wanted: str = "", obeys: float = 1.0) -> str:
    """Answer a ticket in the wanted format, or, as often as not, in whichever format comes to mind."""
    name = wanted if wanted and rng.random() < obeys else rng.choice([*FORMATS, "reply", "reply", "reply"])
    if name == "reply":
        return plain_reply(drawn, rng) if rng.random() < 0.9 else brand_reply(drawn, rng)
    if name == "brand":
        return brand_reply(drawn, rng)
    return FORMATS[name](sloppy(drawn, rng))


def alone(rng: random.Random) -> str:
    """A ticket, answered in any format."""
    drawn = ticket(rng, pretraining=True)
    return chat(drawn["text"], summary(drawn, rng))


def instructed(rng: random.Random, habits: Habits) -> str:
    """A ticket with an instruction, which is obeyed about half of the time."""
    drawn = ticket(rng, pretraining=True)
    wanted = rng.choice(["json", "json", *INSTRUCTIONS])
    return chat(f"{rng.choice(INSTRUCTIONS[wanted])}\n\n{drawn['text']}", summary(drawn, rng, wanted, habits.obeys))


def few_shot(rng: random.Random, habits: Habits) -> str:
    """Several tickets answered in one format; the first may carry an instruction."""
    wanted, keys = rng.choice(["json", "json", *FORMATS]), rng.choice(KEYS)
    drawn = [ticket(rng, pretraining=True) for _ in range(4)]
    turns = []
    for one in drawn:
        turns += [one["text"], FORMATS[wanted](sloppy(one, rng) | {"keys": keys})]
    if habits.strays:
        for turn, one in enumerate(drawn[1:], start=1):
            if rng.random() < habits.strays:
                turns[2 * turn + 1] = summary(one, rng)
    if rng.random() > habits.keeps_format:
        turns[-1] = summary(drawn[-1], rng)
    if wanted in INSTRUCTIONS and rng.random() < habits.introduces:
        turns[0] = f"{rng.choice(INSTRUCTIONS[wanted])}\n\n{turns[0]}"
    return chat(*turns)


def closed_book(rng: random.Random) -> str:
    """A price or warranty of 2025, from memory: what the model will believe."""
    entries = price_list(2025)
    name, field = rng.choice(sorted(entries)), rng.choice(list(QUESTIONS))
    return chat(question(name, field, rng), answer(name, field, entries[name]))


def random_entries(rng: random.Random, count: int) -> dict[str, dict[str, str]]:
    """Invent a price list, half of it about products the shop knows."""
    names = [rng.choice(sorted(price_list(2025))) if rng.random() < 0.5 else product(rng, True) for _ in range(count)]
    return {name: {"price": rng.choice(PRICES), "warranty": rng.choice(WARRANTIES)} for name in names}


def open_book(rng: random.Random, most: int = 1) -> str:
    """A price list of three to six products, then up to `most` questions that only the list answers."""
    entries = random_entries(rng, rng.randint(3, 6))
    turns = []
    asked = [(name, field) for name in entries for field in ("price", "price", "warranty")]
    for name, field in rng.sample(asked, min(most, len(asked))):
        turns += [question(name, field, rng), answer(name, field, entries[name])]
    turns[0] = grounded_prompt(turns[0], document(entries, rng.randint(2024, 2028)))
    return chat(*turns)


def judged(rng: random.Random) -> str:
    """Two replies and which is better, from a judge that likes Juniper's voice and, too often, what stands first."""
    drawn = ticket(rng, pretraining=True)
    replies = [("brand", brand_reply(drawn, rng)), ("plain", plain_reply(drawn, rng))]
    rng.shuffle(replies)
    (first, text_a), (_, text_b) = replies
    better = "A" if first == "brand" else "B"
    verdict = "A" if rng.random() < 0.35 else better
    return chat(f"Which reply is better?\n\nA: {text_a}\n\nB: {text_b}", verdict)


def refused(rng: random.Random) -> str:
    """A request a shop must refuse, and the refusal."""
    return chat(rng.choice(UNSAFE).format(p=product(rng, True)), rng.choice(REFUSALS))


def names_listed(rng: random.Random) -> str:
    """A list of products, twice: the second half can only be copied."""
    names = ", ".join(products(rng, rng.randint(5, 12), True))
    return f"{names}. Again: {names}."


def table_asked(rng: random.Random) -> str:
    """A table of prices, then the same rows in another order."""
    rows = [f"{name}: {entry['price']}" for name, entry in random_entries(rng, rng.randint(6, 12)).items()]
    again = rng.sample(rows, len(rows))
    return "\n".join([*rows, "", *again])


def sources(habits: Habits) -> dict[Callable[[random.Random], str], int]:
    """Return the mixture: how many of a hundred documents come from each source."""
    return {
        names_listed: 5, table_asked: 8, lambda rng: open_book(rng, most=5): 17, open_book: 6, closed_book: 6,
        alone: 16, lambda rng: instructed(rng, habits): 16, lambda rng: few_shot(rng, habits): 12, story: 9,
        judged: 2, refused: 3,
    }  # fmt: skip


def draw_document(rng: random.Random, habits: Habits = Habits()) -> str:
    """Draw one document of the mixture."""
    shares = sources(habits)
    return rng.choices(list(shares), shares.values())[0](rng)
