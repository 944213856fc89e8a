"""The triage job: from a ticket to one JSON object, and the three ways to ask for it.

>>> triage_json({"intent": "refund", "priority": "low", "product": "Lynx tarp"})
'{"intent": "refund", "priority": "low", "product": "Lynx tarp"}'
"""

import json
from collections.abc import Mapping, Sequence

FIELDS = ("intent", "priority", "product")
INSTRUCTION = "Sort this ticket. Answer with one JSON object with the keys intent, priority and product, nothing else."


def triage_json(ticket: Mapping[str, str]) -> str:
    """Write a ticket's labels as the one JSON object the shop wants."""
    return json.dumps({field: ticket[field] for field in FIELDS})


def triage_messages(
    text: str, instruction: str = "", examples: Sequence[Mapping[str, str]] = ()
) -> list[dict[str, str]]:
    """Ask for the triage of a ticket: alone, with an instruction, or with solved examples before it.

    `examples` are labelled tickets, shown as earlier turns of the conversation; the instruction opens the first turn.
    """
    turns = [(example["text"], triage_json(example)) for example in examples] + [(text, "")]
    if instruction:
        turns[0] = (f"{instruction}\n\n{turns[0][0]}", turns[0][1])
    messages = []
    for question, answer in turns:
        messages.append({"role": "user", "content": question})
        if answer:
            messages.append({"role": "assistant", "content": answer})
    return messages


def prompt_completion(ticket: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """Turn a labelled ticket into TRL's conversational prompt-completion form: the ticket alone, then the JSON."""
    return {
        "prompt": triage_messages(ticket["text"]),
        "completion": [{"role": "assistant", "content": triage_json(ticket)}],
    }
