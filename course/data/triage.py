"""The triage job: from a ticket to one JSON object, and the three ways to ask for it.

>>> triage_json({"intent": "refund", "priority": "low", "product": "Lynx tarp"})
'{"intent": "refund", "priority": "low", "product": "Lynx tarp"}'

Another shop may want the same three facts under other names: a `Variant` says which.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course.data.world import INTENTS, PRIORITIES

FIELDS = ("intent", "priority", "product")
INSTRUCTION = "Sort this ticket. Answer with one JSON object with the keys intent, priority and product, nothing else."


@dataclass(frozen=True)
class Variant:
    """How a triage answer is written: names of the keys, and words for the labels, in the order of the plain ones."""

    keys: tuple[str, ...] = FIELDS
    """Names of intent, priority and product."""
    intents: tuple[str, ...] = INTENTS
    priorities: tuple[str, ...] = PRIORITIES

    def __post_init__(self):
        for mine, plain in ((self.keys, FIELDS), (self.intents, INTENTS), (self.priorities, PRIORITIES)):
            if len(mine) != len(plain) or len(set(mine)) != len(mine):
                raise ValueError(f"A variant has {len(plain)} different words for {', '.join(plain)}; here are {mine}.")

    def write(self, ticket: Mapping[str, str]) -> dict[str, str]:
        """Return a ticket's labels in this variant's words, under its keys."""
        words = dict(zip(INTENTS, self.intents, strict=True)), dict(zip(PRIORITIES, self.priorities, strict=True))
        values = words[0][ticket["intent"]], words[1][ticket["priority"]], ticket["product"]
        return dict(zip(self.keys, values, strict=True))

    def read(self, found: object) -> dict[str, str] | None:
        """Return an answer in the plain words, or None when it is not an object of this variant."""
        if not isinstance(found, dict) or set(found) != set(self.keys):
            return None
        intent, priority, product = (found[key] for key in self.keys)
        if not all(isinstance(value, str) for value in (intent, priority, product)):
            return None
        if intent not in self.intents or priority not in self.priorities:
            return None
        plain = INTENTS[self.intents.index(intent)], PRIORITIES[self.priorities.index(priority)], product
        return dict(zip(FIELDS, plain, strict=True))

    @property
    def instruction(self) -> str:
        """Ask for an answer in this variant."""
        if self == PLAIN:
            return INSTRUCTION
        intent, priority, product = self.keys
        return (
            f"Sort this ticket. Answer with one JSON object with the keys {intent}, {priority} and {product}, nothing "
            f"else. {intent} is one of {', '.join(self.intents)}. {priority} is one of {', '.join(self.priorities)}."
        )


PLAIN = Variant()
"""What lessons 1 to 7 ask for."""


def triage_json(ticket: Mapping[str, str], variant: Variant = PLAIN) -> str:
    """Write a ticket's labels as the one JSON object the shop wants."""
    return json.dumps(variant.write(ticket))


def triage_messages(
    text: str, instruction: str = "", examples: Sequence[Mapping[str, str]] = (), variant: Variant = PLAIN
) -> list[dict[str, str]]:
    """Ask for the triage of a ticket: alone, with an instruction, or with solved examples before it.

    `examples` are labelled tickets, shown as earlier turns of the conversation; the instruction opens the first turn.
    """
    turns = [(example["text"], triage_json(example, variant)) for example in examples] + [(text, "")]
    if instruction:
        turns[0] = (f"{instruction}\n\n{turns[0][0]}", turns[0][1])
    messages = []
    for question, answer in turns:
        messages.append({"role": "user", "content": question})
        if answer:
            messages.append({"role": "assistant", "content": answer})
    return messages


def prompt_completion(ticket: Mapping[str, str], variant: Variant = PLAIN) -> dict[str, list[dict[str, str]]]:
    """Turn a labelled ticket into TRL's conversational prompt-completion form: the ticket alone, then the JSON."""
    return training_row(ticket["text"], triage_json(ticket, variant))


def training_row(prompt: str, completion: str) -> dict[str, list[dict[str, str]]]:
    """Write what a user says and what is to be answered in TRL's conversational prompt-completion form."""
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": completion}],
    }
