"""The bundled model's tokenizer: byte-level BPE behind Qwen2's own pre-tokenizer, every price one token.

`AutoTokenizer` rebuilds Qwen2's pre-tokenizer for every folder whose model is a Qwen2, whatever `tokenizer.json` says;
so this one is trained with exactly that pre-tokenizer, and prices, which it would split, are added tokens.
"""

import json
import random

from tokenizers import trainers
from transformers import Qwen2Tokenizer

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


def train_tokenizer(size: int = 2048, documents: int = 12_000, seed: int = 0) -> Qwen2Tokenizer:
    """Train the tokenizer on documents of the mixture; `size` counts every token, prices and specials included."""
    rng = random.Random(f"tokenizer {seed}")
    specials = [PAD, TURN, END]
    blank = Qwen2Tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=size - 2 * len(PRICES),
        special_tokens=specials,
        initial_alphabet=[chr(byte) for byte in range(33, 127)] + ["Ġ", "Ċ"],
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
