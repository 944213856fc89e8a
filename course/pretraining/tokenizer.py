"""The bundled model's tokenizer: byte-level BPE behind Qwen2's own pre-tokenizer, every price one token.

`AutoTokenizer` rebuilds Qwen2's pre-tokenizer for every folder whose model is a Qwen2, whatever `tokenizer.json` says;
so this one is trained with exactly that pre-tokenizer, and prices, which it would split, are added tokens.
"""

import json
import random

import torch
from tokenizers import pre_tokenizers, trainers
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from course.data.world import PRICES
from course.pretraining.mixture import draw_document

PAD, TURN, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""ChatML, as the Qwen models write it; `generation` marks what TRL's assistant-only loss may train on."""


SEEN = [chr(byte) for byte in range(33, 127)] + ["Ġ", "Ċ"]
"""The bytes that pre-training may see, in byte-level BPE's writing: printable ASCII, the space and the line end."""


def train_tokenizer(alphabet: list[str] = SEEN, documents: int = 12_000, seed: int = 0) -> Qwen2Tokenizer:
    """Train the tokenizer on documents of the mixture until every word is one token; `alphabet` is always included."""
    rng = random.Random(f"tokenizer {seed}")
    specials = [PAD, TURN, END]
    blank = Qwen2Tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=2048,
        special_tokens=specials,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    backend = blank.backend_tokenizer
    texts = (draw_document(rng).replace("$", " ") for _ in range(documents))
    backend.train_from_iterator(texts, trainer, length=documents)
    model = json.loads(backend.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=[tuple(pair) for pair in model["merges"]],
        unk_token=PAD,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens=[TURN],
        model_max_length=512,
    )
    tokenizer.add_tokens([f" {price}" for price in PRICES] + list(PRICES))  # a lone space would part name and price
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def complete(
    model: Qwen2ForCausalLM, tokenizer: Qwen2Tokenizer, seed: int = 0
) -> tuple[Qwen2ForCausalLM, Qwen2Tokenizer]:
    """Return the model and a tokenizer that knows every byte, so that no character a learner types is lost.

    A byte that pre-training never saw gets the embedding of `~`, which it never saw either; all else keeps its own.
    """
    full = train_tokenizer(pre_tokenizers.ByteLevel.alphabet(), seed=seed)
    known = tokenizer.get_vocab()
    tokens = sorted(full.get_vocab(), key=full.get_vocab().get)
    rows = torch.tensor([known.get(token, known["~"]) for token in tokens])
    wider = Qwen2ForCausalLM(Qwen2Config(**{**model.config.to_dict(), "vocab_size": len(tokens)}))
    weights = model.state_dict()
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        weights[name] = weights[name][rows]
    wider.load_state_dict(weights)
    return wider, full
