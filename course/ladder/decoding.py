"""Answer many prompts at once on a CPU, for the small base: a short loop in the place of transformers' `generate`.

    >>> decode(model, [[4, 310, 17], [4, 52]], max_new_tokens=48, temperature=1.0, seed=0)
    [[801, 36, 2], [44, 2]]

The tokens have the distribution that `generate` gives them. A small model is answered for sooner so: all prompts are
decoded together; prompts of about one length are read together; keys and values are written into room that is there
already instead of being copied at every step; answers that have ended are taken out; the last layer computes what is
asked for (see `LastLayer`). A *draft*, the answer that is
hoped for, is read along with its prompt: a token is drawn behind every position, and as long as the drawn ones are
the draft's, they are what decoding step by step would have drawn. From the first that differs, it goes on without it.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch.nn.functional import pad
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import Cache, DynamicLayer
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer, apply_rotary_pos_emb

TOGETHER = 25
"""Prompts that are read at once: few enough that padding stays short."""
MORE = 20
"""Tokens that room is made for at once: a triage is a little shorter."""
WORTHWHILE = 0.75
"""Share of answers still going at which the others are taken out."""
HIDDEN = torch.finfo(torch.float32).min
"""What is added to a position's score to hide it."""

Draw = Callable[[torch.Tensor], torch.Tensor]


class Room(DynamicLayer):
    """One layer's keys and values, (rows, heads, positions, size), with free positions at the end."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, filled: int):
        super().__init__()
        self.keys, self.values, self.filled = keys, values, filled
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True

    def update(self, keys: torch.Tensor, values: torch.Tensor, *_: object, **__: object) -> tuple:
        """Write new positions behind the filled ones, and return all there are: the mask hides what is free."""
        stop = self.filled + keys.shape[2]
        self.keys[:, :, self.filled : stop], self.values[:, :, self.filled : stop] = keys, values
        self.filled = stop
        return self.keys, self.values

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows only."""
        self.keys, self.values = self.keys[rows], self.values[rows]

    def grow(self) -> None:
        """Make room for `MORE` positions."""
        self.keys, self.values = (pad(part, (0, 0, 0, MORE)) for part in (self.keys, self.values))


class LastLayer(Qwen2DecoderLayer):
    """A model's last layer, which computes what the logits of the last `wanted` positions take.

    Of the positions before them, that is keys and values: a sixth of the work.
    """

    def forward(
        self,
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor,
        position_embeddings: tuple[torch.Tensor, torch.Tensor],
        past_key_values: Cache | None = None,
        wanted: int = 0,
        **others: object,
    ) -> torch.Tensor:
        """Return the hidden states of the last `wanted` positions, or of all."""
        if past_key_values is not None and 0 < wanted < hidden_states.shape[1]:
            early, hidden_states = hidden_states[:, :-wanted], hidden_states[:, -wanted:]
            (early_cos, cos), (early_sin, sin) = ((x[:, :-wanted], x[:, -wanted:]) for x in position_embeddings)
            attention, early = self.self_attn, self.input_layernorm(early)
            keys, values = (
                project(early).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
                for project in (attention.k_proj, attention.v_proj)
            )
            _, keys = apply_rotary_pos_emb(keys, keys, early_cos, early_sin)
            past_key_values.update(keys, values, attention.layer_idx)
            attention_mask, position_embeddings = attention_mask[:, :, -wanted:], (cos, sin)
        return super().forward(
            hidden_states,
            attention_mask,
            past_key_values=past_key_values,
            position_embeddings=position_embeddings,
            **others,
        )


def prompts_of(tokenizer: PreTrainedTokenizerBase, conversations: Sequence[list[dict[str, str]]]) -> list[list[int]]:
    """Return the tokens of the prompts that ask for the next message of each conversation."""
    return tokenizer.apply_chat_template(conversations, add_generation_prompt=True, return_dict=True)["input_ids"]


def answers_to(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
    temperature: float,
    seed: int,
    drafts: Sequence[list[int]] | None = None,
) -> list[str]:
    """Return the texts that answer each prompt; the parameters are those of `decode`."""
    answers = decode(model, prompts, max_new_tokens, temperature, seed % 2**32, drafts)
    return [text.strip() for text in tokenizer.batch_decode(answers, skip_special_tokens=True)]


def decode(
    model: PreTrainedModel,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
    temperature: float,
    seed: int,
    drafts: Sequence[list[int]] | None = None,
) -> list[list[int]]:
    """Return the tokens that answer each prompt, the end-of-turn token included where one came.

    `temperature` 0 takes the likeliest token each time. Logits that are no numbers are taken for zeros. `drafts` make
    it sooner where they are right, and change no token's probability.
    """
    drafts = [draft[: max_new_tokens - 1] for draft in drafts or [[]] * len(prompts)]
    ends = torch.tensor(model.generation_config.eos_token_id).reshape(-1).tolist()
    draw = partial(_choose, temperature=temperature, dice=torch.Generator().manual_seed(seed))
    answers: list[list[int]] = [[] for _ in prompts]

    def still_going(rows: list[int]) -> list[bool]:
        return [answers[row][-1] not in ends and len(answers[row]) < max_new_tokens for row in rows]

    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(drafts[row]))
    with torch.inference_mode():
        parts = []
        for start in range(0, len(order), TOGETHER):
            rows = order[start : start + TOGETHER]
            cache, is_seen, found = _read(model, [prompts[row] for row in rows], [drafts[row] for row in rows], draw)
            for row, answer in zip(rows, found, strict=True):
                answers[row] = answer
            going = torch.tensor(still_going(rows))
            parts.append(([(layer.keys[going], layer.values[going]) for layer in cache.layers], is_seen[going]))
        order = [row for row, is_going in zip(order, still_going(order), strict=True) if is_going]
        layers, mask = _collect(parts)
        while any(going := still_going(order)):
            if sum(going) < WORTHWHILE * len(order):
                kept = torch.tensor(going)
                order = [row for row, is_going in zip(order, going, strict=True) if is_going]
                mask, going = mask[kept], [True] * len(order)
                for layer in layers:
                    layer.keep(kept)
            if layers[0].filled == mask.shape[3]:
                mask = pad(mask, (0, MORE), value=HIDDEN)
                for layer in layers:
                    layer.grow()
            mask[..., layers[0].filled] = 0.0
            tokens = torch.tensor([[answers[row][-1]] for row in order])
            places = torch.tensor([[len(prompts[row]) + len(answers[row]) - 1] for row in order])
            drawn = draw(_logits(model, tokens, mask, places, Cache(layers=layers))[:, -1]).tolist()
            for row, token, is_going in zip(order, drawn, going, strict=True):
                if is_going:
                    answers[row].append(token)
    return answers


def _read(model: PreTrainedModel, prompts: list[list[int]], drafts: list[list[int]], draw: Draw) -> tuple:
    """Read prompts with their drafts; return keys and values, which positions count, and how the answers begin."""
    texts = [prompt + draft for prompt, draft in zip(prompts, drafts, strict=True)]
    length, depth = max(map(len, texts)), max(map(len, drafts))
    padding = torch.tensor([[length - len(text)] for text in texts])
    tokens = torch.tensor([[0] * (length - len(text)) + text for text in texts])
    is_seen = torch.arange(length) >= padding
    is_before = torch.ones(length, length, dtype=torch.bool).tril() & is_seen[:, None, None]
    mask = torch.zeros(is_before.shape).masked_fill_(~is_before, HIDDEN)
    cache = DynamicCache(config=model.config)
    logits = _logits(model, tokens, mask, (torch.arange(length) - padding).clamp(min=0), cache, depth + 1)
    drawn, answers = draw(logits.flatten(0, 1)).view(len(texts), -1).tolist(), []
    for row, draft in enumerate(drafts):
        found = drawn[row][depth - len(draft) :]
        right = next((number for number, token in enumerate(draft) if token != found[number]), len(draft))
        answers.append(found[: right + 1])
        is_seen[row, length - len(draft) + right :] = False
    return cache, is_seen, answers


def _collect(parts: list[tuple]) -> tuple[list[Room], torch.Tensor]:
    """Put the rows of all parts together, ending at one position; what is free before a short one is hidden."""
    longest = max(is_seen.shape[1] for _, is_seen in parts)
    is_seen = torch.cat([pad(seen, (longest - seen.shape[1], MORE)) for _, seen in parts])
    mask = torch.zeros(is_seen.shape).masked_fill_(~is_seen, HIDDEN)[:, None, None]

    def together(found: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat([pad(part, (0, 0, longest - part.shape[2], MORE)) for part in found])

    layers = zip(*(layers for layers, _ in parts), strict=True)  # of each layer, the keys and values of all parts
    return [Room(*map(together, zip(*layer, strict=True)), longest) for layer in layers], mask


def _logits(
    model: PreTrainedModel, tokens: torch.Tensor, mask: torch.Tensor, places: torch.Tensor, cache: Cache, last: int = 1
) -> torch.Tensor:
    """Return the logits behind the last tokens of each row, (rows, last, vocabulary)."""
    return model(
        input_ids=tokens,
        attention_mask=dict.fromkeys(model.config.layer_types, mask),  # as it is, in place of one that is built anew
        position_ids=places,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=last,
        wanted=last,
    ).logits


def _choose(logits: torch.Tensor, temperature: float, dice: torch.Generator) -> torch.Tensor:
    """Draw a token for each row: the first at which the summed probabilities pass a random number."""
    logits = logits / (temperature or 1.0)
    if not logits.sum().isfinite():
        logits = torch.nan_to_num(logits, nan=0.0)
    if not temperature:
        return logits.argmax(-1)
    summed = logits.softmax(-1).cumsum(-1)
    drawn = torch.rand(len(summed), 1, generator=dice) * summed[:, -1:]
    return torch.searchsorted(summed, drawn, right=True).clamp(max=summed.shape[1] - 1)[:, 0]
