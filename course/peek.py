"""Look inside one call: which tokens could come first, and how long the model takes to read a prompt.

draw_next_tokens(base.model, base.tokenizer, [{"role": "user", "content": "Hi"}], "What could come first?")
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from course.figures import COLOURS, figure, label_bars, show

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def next_tokens(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", messages: list[dict[str, str]], count: int = 8
) -> list[tuple[str, float]]:
    """Return the likeliest first tokens of the answer, each with its probability, likeliest first."""
    import torch

    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"].to(model.device)
    with torch.inference_mode():
        best = model(input_ids=ids).logits[0, -1].float().softmax(-1).topk(count)
    return [(tokenizer.decode([token]), float(p)) for token, p in zip(best.indices.tolist(), best.values, strict=True)]


def draw_next_tokens(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    messages: list[dict[str, str]],
    title: str,
    color: str = COLOURS["base"],
) -> None:
    """Show the likeliest first tokens of the answer as bars."""
    found = next_tokens(model, tokenizer, messages)
    names, shares = [repr(token)[1:-1] for token, _ in found], [100 * p for _, p in found]
    fig, ax = figure(title, xlabel="probability of being the first token (%)", size=(7.2, 3.2), grid="x")
    label_bars(ax, ax.barh(names[::-1], shares[::-1], color=color))
    ax.set(xlim=(0, 110), xticks=range(0, 101, 20))
    for label in ax.get_yticklabels():
        label.set_family("monospace")
    told = ", ".join(f"{name} {share:.0f} %" for name, share in zip(names, shares, strict=True))
    show(fig, alt=f"Bars, the likeliest first tokens: {told}.")


def reading_seconds(model: "PreTrainedModel", lengths: Sequence[int], repeats: int = 5) -> list[float]:
    """Return the seconds that the model takes to read a prompt of each length in tokens, the best of `repeats`."""
    import torch

    best = []
    for length in lengths:
        ids, times = torch.ones((1, length), dtype=torch.long, device=model.device), []
        for _ in range(repeats + 1):  # the first run warms up
            started = time.perf_counter()
            with torch.inference_mode():
                model(input_ids=ids).logits[0, -1, 0].item()  # reading a number waits for the GPU
            times.append(time.perf_counter() - started)
        best.append(min(times[1:]))
    return best
