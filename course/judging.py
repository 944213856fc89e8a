"""Ask a language model which of two replies is better, and build judges with a known bias to compare it with.

>>> judge = ModelJudge(base.model, base.tokenizer)
>>> judge([("Howdy, trail buddy! …", "Dear customer, …")])
['A']

A judge takes pairs (first, second) and returns one verdict a pair: "A" for the first, "B" for the second, or "tie".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Pair = tuple[str, str]
QUESTION = "Which reply is better?\n\nA: {first}\n\nB: {second}"


@dataclass(frozen=True)
class ModelJudge:
    """A model as judge: the likelier of "A" and "B" as first token of its answer is the verdict."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    def shares(self, pairs: Sequence[Pair], batch_size: int = 32) -> list[float]:
        """Return P("A") / (P("A") + P("B")) for each pair."""
        import torch

        a, b = (self.tokenizer.encode(letter, add_special_tokens=False)[-1] for letter in "AB")
        prompts = [
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": QUESTION.format(first=first, second=second)}],
                tokenize=False, add_generation_prompt=True,
            )
            for first, second in pairs
        ]  # fmt: skip
        found = []
        with torch.inference_mode():
            for start in range(0, len(prompts), batch_size):
                batch = self.tokenizer(
                    prompts[start : start + batch_size],
                    return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False,
                ).to(self.model.device)  # fmt: skip
                logits = self.model(**batch).logits[:, -1].float()
                found += torch.sigmoid(logits[:, a] - logits[:, b]).tolist()
        return found

    def __call__(self, pairs: Sequence[Pair]) -> list[str]:
        """Return "A" where the first reply is the likelier answer, "B" where the second is."""
        return ["A" if share > 0.5 else "B" if share < 0.5 else "tie" for share in self.shares(pairs)]


def longer_wins(pairs: Sequence[Pair]) -> list[str]:
    """Judge by length alone, in characters: a constructed judge, biased on purpose."""
    return ["A" if len(first) > len(second) else "B" if len(first) < len(second) else "tie" for first, second in pairs]


def swapped(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs in the other order."""
    return [(second, first) for first, second in pairs]
