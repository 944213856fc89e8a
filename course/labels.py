"""Build one training example by hand: the token ids, and the labels that say which of them are learned.

example(base.tokenizer, prompt_completion(ticket))
example(base.tokenizer, prompt_completion(ticket), learn_end=False)      # nothing teaches the model to stop
inputs, labels = encode(base, rows)                                       # a batch of them, as padded tensors

SFTTrainer takes such rows as they are: it pads the labels with −100 and changes nothing else.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from course.models import Base

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


def encode(
    base: "Base", rows: Iterable[Mapping[str, list[dict[str, str]]]], answer: str = "completion"
) -> tuple[dict[str, "torch.Tensor"], "torch.Tensor"]:
    """Return what the model reads (ids and attention mask) and the labels of a batch, each (rows, longest row).

    `answer` names the column that is learned, such as `chosen`; the prompt and the filling get the label −100.
    """
    import torch

    found = [example(base.tokenizer, {"prompt": row["prompt"], "completion": row[answer]}) for row in rows]
    columns = (
        ([row["input_ids"] for row in found], base.tokenizer.pad_token_id),
        ([[1] * len(row["input_ids"]) for row in found], 0),
        ([row["labels"] for row in found], IGNORED),
    )
    ids, mask, labels = (
        torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(row) for row in column], batch_first=True, padding_value=value
        ).to(base.model.device)
        for column, value in columns
    )
    return {"input_ids": ids, "attention_mask": mask}, labels
