"""Answer a mixed inbox: an adapter for the behaviour, retrieval for the facts, a prompt for the task.

    >>> desk = Desk(model, tokenizer, price_lines(price_list(2027)), route, top_k, build_prompt)
    >>> desk.handle(["My Lynx tarp broke. What does a new one cost?"])[0].reply
    'Howdy, trail buddy! … The Lynx tarp costs $150. Stay wild, Juniper'

`model` is a PEFT model with two adapters, "triage" and "reply" (`load_desk`). Without adapters the base does it all,
with its best prompts; without retrieval no document is looked up. So one class plays all four approaches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course.data import INSTRUCTION, states, voice_score
from course.data.desk import Prompter, Retriever, reply_request
from course.data.triage import FIELDS
from course.evaluation import parse_triage
from course.models import Base, Tier, generate
from course.own_adapter import load_for_measuring
from course.voice import is_helpful

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

JOBS = ("triage", "voice", "prices")
NEEDED = {"facts": ("prices",), "triage": ("triage", "voice"), "both": JOBS}
"""The jobs that a message of each label needs."""

BASE = "__base__"
"""PEFT's name for no adapter at all."""

ASKS = re.compile(r"price|cost|how much|warranty|charge for|pay for|months", re.IGNORECASE)


@dataclass(frozen=True)
class Handled:
    """What became of one message: its route, what was looked up, the triage for the desk, the reply to the customer."""

    route: str
    documents: tuple[str, ...]
    triage: str
    reply: str


def load_desk(tier: Tier, triage: Path | str, reply: Path | str) -> Base:
    """Load a tier's base once, with two adapters on it, called "triage" and "reply"."""
    from peft import PeftModel

    base = load_for_measuring(tier)
    model = PeftModel.from_pretrained(base.model, str(triage), adapter_name="triage")
    model.load_adapter(str(reply), adapter_name="reply")
    return Base(tier, model.eval(), base.tokenizer)


def question_in(message: str) -> str:
    """Cut out the sentence that asks for a price or a warranty; the whole message where there is none."""
    asked = [part for part in re.findall(r"[^.?!]*\?", message) if ASKS.search(part)]
    return asked[-1].strip() if asked else message


def problem_in(message: str) -> str:
    """Cut the question for a fact out of a message that reports a problem as well."""
    return " ".join(message.replace(question_in(message), " ").split()) or message


@dataclass(frozen=True)
class Desk:
    """Handle messages with a router, a retriever and a prompt of your own."""

    model: PeftModel
    tokenizer: PreTrainedTokenizerBase
    documents: Sequence[str]
    route: Callable[[str], str]
    retrieve: Retriever
    prompt: Prompter
    with_adapters: bool = True
    with_retrieval: bool = True
    k: int = 1

    def handle(self, messages: Sequence[str]) -> list[Handled]:
        """Route every message and answer it; equal messages get equal answers."""
        routes = [self.route(message) for message in messages]
        found = [() if r == "triage" else self._look_up(text) for r, text in zip(routes, messages, strict=True)]
        problems = [index for index, route in enumerate(routes) if route != "facts"]
        if self.with_adapters:
            triage = self._ask({index: messages[index] for index in problems}, "triage")
            asked = {i: self.prompt(reply_request(messages[i], route), found[i]) for i, route in enumerate(routes)}
            replies = self._ask(asked, "reply")
        else:  # the base does one thing at a time: each call gets the part of the message that it is about
            told = {i: problem_in(messages[i]) if routes[i] == "both" else messages[i] for i in problems}
            triage = self._ask({i: f"{INSTRUCTION}\n\n{text}" for i, text in told.items()}, BASE)
            comfort = self._ask({i: reply_request(text) for i, text in told.items()}, BASE)
            asked = {i: self.prompt(question_in(messages[i]), found[i]) for i, r in enumerate(routes) if r != "triage"}
            facts = self._ask(asked, BASE)
            replies = {i: f"{facts.get(i, '')} {comfort.get(i, '')}".strip() for i in range(len(messages))}
        return [
            Handled(route, tuple(found[index]), triage.get(index, ""), replies[index])
            for index, route in enumerate(routes)
        ]

    def _look_up(self, message: str) -> tuple[str, ...]:
        if not self.with_retrieval:
            return ()
        return tuple(self.documents[index] for index in self.retrieve(message, self.documents, self.k))

    def _ask(self, prompts: Mapping[int, str], adapter: str) -> dict[int, str]:
        turns = [[{"role": "user", "content": prompt}] for prompt in prompts.values()]
        names = [adapter] * len(turns)
        answers = generate(self.model, self.tokenizer, turns, max_new_tokens=80, temperature=0, adapters=names)
        return dict(zip(prompts, answers, strict=True))


def jobs_right(message: Mapping[str, str], handled: Handled) -> dict[str, bool]:
    """Tell which of the jobs that a message needs were done right.

    triage: all three fields; voice: wholly Juniper's, about the product, with a promise that fits; prices: the value.
    """
    found = parse_triage(handled.triage)
    right = {
        "triage": found is not None and all(found[field] == message[field] for field in FIELDS),
        "voice": voice_score(handled.reply) > 0.99 and bool(message["intent"]) and is_helpful(handled.reply, message),
        "prices": states(handled.reply, message["value"]),
    }
    return {job: right[job] for job in NEEDED[message["label"]]}
