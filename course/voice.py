"""Measure the voice job: how much replies sound like Juniper, and whether they still answer the ticket.

>>> measure_voice(base.model, base.tokenizer, draw_replies(100, seed=1))
VoiceScore(voice=0.02, whole=0.0, helpful=0.21, …)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course.data import voice_score
from course.data.replies import RESOLUTIONS

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class VoiceScore:
    """Shares, 0 to 1, over replies to fresh tickets, and the replies themselves."""

    voice: float
    """Mean voice score: opening, feeling and sign-off count a third each."""
    whole: float
    """All three parts are in Juniper's voice."""
    helpful: float
    """The reply names the customer's product and promises something that fits the ticket."""
    replies: tuple[str, ...]


def is_helpful(reply: str, ticket: Mapping[str, str]) -> bool:
    """Tell whether a reply names the ticket's product and promises one of the shop's resolutions for its intent."""
    return ticket["product"] in reply and any(words in reply for words in RESOLUTIONS[ticket["intent"]])


def score_replies(replies: Sequence[str], tickets: Sequence[Mapping[str, str]]) -> VoiceScore:
    """Score one reply for each ticket."""
    scores = [voice_score(reply) for reply in replies]
    helpful = [is_helpful(reply, ticket) for reply, ticket in zip(replies, tickets, strict=True)]
    count = len(replies)
    return VoiceScore(
        sum(scores) / count, sum(score > 0.99 for score in scores) / count, sum(helpful) / count, tuple(replies)
    )


def measure_voice(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    tickets: Sequence[Mapping[str, str]],
    temperature: float = 1.0,
    seed: int = 0,
) -> VoiceScore:
    """Ask for a reply to every ticket, which carries text, intent and product, and score the replies."""
    from course.models import generate

    questions = [[{"role": "user", "content": ticket["text"]}] for ticket in tickets]
    replies = generate(model, tokenizer, questions, max_new_tokens=64, temperature=temperature, seed=seed)
    return score_replies(replies, tickets)
