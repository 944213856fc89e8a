"""Build one training example by hand: the token ids, and the labels that say which of them are learned.

example(base.tokenizer, prompt_completion(ticket))
example(base.tokenizer, prompt_completion(ticket), learn_end=False)      # nothing teaches the model to stop

SFTTrainer takes such rows as they are: it pads the labels with −100 and changes nothing else.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label that PyTorch's cross-entropy leaves out."""


def example(
    tokenizer: "PreTrainedTokenizerBase",
    row: Mapping[str, list[dict[str, str]]],
    learn_prompt: bool = False,
    learn_end: bool = True,
) -> dict[str, list[int]]:
    """Return `input_ids` and `labels` of a conversational prompt-completion row, as long as each other."""
    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)
    ids = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False)
    start = 0 if learn_prompt else len(prompt)
    labels = [token if place >= start else IGNORED for place, token in enumerate(ids)]
    if not learn_end:
        for place in range(end_of(tokenizer, ids), len(ids)):  # a line break may follow the end token
            labels[place] = IGNORED
    return {"input_ids": ids, "labels": labels}


def end_of(tokenizer: "PreTrainedTokenizerBase", ids: list[int]) -> int:
    """Return the place of the last end token."""
    return len(ids) - 1 - ids[::-1].index(tokenizer.eos_token_id)
