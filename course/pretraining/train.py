"""Pre-training: first copying alone, then the mixture; interrupted runs resume from the last checkpoint.

Step `n` always sees the same batch, whatever happened before it, so a resumed run is the run it would have been.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase, Qwen2ForCausalLM

from course.pretraining.mixture import Habits, draw_document


@dataclass(frozen=True)
class Stage:
    """One stage of pre-training: its steps, and the peak of a learning rate that warms up and decays to a tenth."""

    name: str
    steps: int
    learning_rate: float = 3e-3
    warmup: int = 100

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: linear warm-up, then a cosine down to a tenth of the peak."""
        progress = torch.tensor(min(1.0, step / self.steps))
        decay = 0.55 + 0.45 * float(torch.cos(torch.pi * progress))
        return self.learning_rate * min(1.0, (step + 1) / self.warmup) * decay


def repeated_sequences(
    step: int, vocabulary: int, rows: int = 64, width: int = 64
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random sequences followed by themselves, and labels on the repeat only."""
    generator = torch.Generator().manual_seed(step)

    def draw(low: int, high: int, shape: tuple[int, ...] = ()) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=generator)

    length = int(draw(6, width // 2))
    segment = draw(4, vocabulary, (rows, length))
    before = draw(4, vocabulary, (rows, int(draw(0, width - 2 * length + 1))))
    tokens = torch.cat([before, segment, segment], dim=1)
    labels = tokens.clone()
    labels[:, : tokens.shape[1] - length + 1] = -100
    return tokens, labels


def shuffled_tables(step: int, vocabulary: int, tables: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Return tables of random tokens followed by their rows in another order, and labels on the second half.

    A row is a two-token name, a separator of one or two tokens that all rows share, a value and a line end. Which value
    follows the separator can only be told from the name before it: that is what reading a price list takes.
    """
    generator = torch.Generator().manual_seed(step)

    def draw(low: int, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(low, high, (tables, *shape), generator=generator)

    count, separator = int(draw(3, 8)[0]), int(draw(1, 3)[0])
    nouns = torch.gather(draw(4, vocabulary, 4), 1, draw(0, 4, count)).unsqueeze(-1)
    shared = draw(4, vocabulary, 1, separator + 1).expand(tables, count, separator + 1)
    first, value = draw(4, vocabulary, count, 1), draw(4, vocabulary, count, 1)
    table = torch.cat([first, nouns, shared[..., 1:], value, shared[..., :1]], dim=-1)
    order = torch.rand(tables, count, generator=generator).argsort(dim=1).unsqueeze(-1)
    again = torch.gather(table, 1, order.expand_as(table))
    labels = again.clone()
    labels[..., 0] = -100  # which row comes next is chance
    ignored = torch.full((tables, table[0].numel()), -100)
    return torch.cat([table.flatten(1), again.flatten(1)], 1), torch.cat([ignored, labels.flatten(1)], 1)


def copying(step: int, vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a batch of repeated sequences and of shuffled tables in turn."""
    return (shuffled_tables if step % 2 else repeated_sequences)(step, vocabulary)


def packed_documents(
    step: int, tokenizer: PreTrainedTokenizerBase, habits: Habits, rows: int = 16, width: int = 320
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows of documents one after another, each ended by the pad token, and the same tokens as labels."""
    rng = random.Random(f"pretraining step {step}")

    def row() -> list[int]:
        ids: list[int] = []
        while len(ids) < width:
            ids += [*tokenizer(draw_document(rng, habits))["input_ids"], tokenizer.pad_token_id]
        return ids[:width]

    tokens = torch.tensor([row() for _ in range(rows)])
    return tokens, tokens


def run_stage(
    model: Qwen2ForCausalLM,
    stage: Stage,
    batch: Callable[[int], tuple[torch.Tensor, torch.Tensor]],
    checkpoint: Path,
) -> Iterator[tuple[int, float]]:
    """Train one stage and yield (step, loss); resume where `checkpoint` stands in it, save every 100 steps."""
    matrices = [weight for weight in model.parameters() if weight.ndim == 2]
    vectors = [weight for weight in model.parameters() if weight.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, stage.learning_rate, betas=(0.9, 0.98))
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        if saved["stage"] == stage.name:
            optimizer.load_state_dict(saved["optimizer"])
            first = saved["step"]
    model.train()
    for step in range(first, stage.steps):
        for group in optimizer.param_groups:
            group["lr"] = stage.rate(step)
        tokens, labels = batch(step)
        loss = model(input_ids=tokens, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 100 == 0 or step + 1 == stage.steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"stage": stage.name, "step": step + 1}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
        yield step, loss.item()


def log(path: Path, **figures: float | str) -> None:
    """Append one line of figures to the run's log."""
    with path.open("a") as lines:
        lines.write(json.dumps(figures | {"time": round(time.time())}) + "\n")
