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
    prompts: tuple[str, ...] = ()
    """What the reply was made from: the prompt that asks for comfort, and the one that asks for the fact."""


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


def joined(comfort: str, fact: str) -> str:
    """Put a fact into a reply, before its sign-off; either may be empty."""
    if not comfort or not fact:
        return comfort or fact
    body, _, end = comfort.rpartition(". ")
    return f"{body}. {fact} {end}" if body else f"{fact} {end}"


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
        problems = {i: text for i, text in enumerate(messages) if routes[i] != "facts"}
        questions = {i: text for i, text in enumerate(messages) if routes[i] != "triage"}
        triage, reply = ("triage", "reply") if self.with_adapters else (BASE, BASE)
        asked = dict(problems)
        if not self.with_adapters:  # the base reads best what is cut down to its task
            problems = {i: problem_in(text) if routes[i] == "both" else text for i, text in problems.items()}
            questions = {i: question_in(text) for i, text in questions.items()}
            asked = {i: f"{INSTRUCTION}\n\n{text}" for i, text in problems.items()}
        sorted_out = self._ask(asked, triage)
        consoled = {i: reply_request(text) for i, text in problems.items()}
        questioned = {i: self.prompt(text, found[i]) for i, text in questions.items()}
        comfort, facts = self._ask(consoled, reply), self._ask(questioned, reply)
        done = []
        for index, route in enumerate(routes):
            prompts = tuple(prompt for asked in (consoled, questioned) if (prompt := asked.get(index)))
            answer = joined(comfort.get(index, ""), facts.get(index, ""))
            done.append(Handled(route, tuple(found[index]), sorted_out.get(index, ""), answer, prompts))
        return done

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
