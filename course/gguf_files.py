"""Write a model as one GGUF file, the format of llama.cpp and of what is built on it, and read it back.

>>> write_gguf(model, tokenizer, "juniper.gguf", kind="Q8_0")
>>> again = read_gguf("juniper.gguf")

For models of Qwen2's architecture. Needs the `gguf` package: `pip install "finetuning-course[gguf]"`. Weights become
numbers of the wanted kind; vectors (norms, biases) stay in float32, as llama.cpp's own converter leaves them.
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from gguf import GGUFWriter
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

KINDS = ("F32", "F16", "Q8_0", "Q4_0")
"""Kinds of numbers: 32 and 16 bits, and 8.5 and 4.5 bits in blocks of 32 weights with a 16-bit scale each."""

NAMES = {
    r"model\.embed_tokens\.weight": "token_embd.weight",
    r"model\.norm\.weight": "output_norm.weight",
    r"lm_head\.weight": "output.weight",
    r"model\.layers\.(\d+)\.input_layernorm\.weight": r"blk.\1.attn_norm.weight",
    r"model\.layers\.(\d+)\.post_attention_layernorm\.weight": r"blk.\1.ffn_norm.weight",
    r"model\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)": r"blk.\1.attn_\2.\3",
    r"model\.layers\.(\d+)\.self_attn\.o_proj\.weight": r"blk.\1.attn_output.weight",
    r"model\.layers\.(\d+)\.mlp\.(gate|up|down)_proj\.weight": r"blk.\1.ffn_\2.weight",
}
"""What llama.cpp calls Qwen2's tensors, by pattern."""


def has_gguf() -> bool:
    """Tell whether the `gguf` package is installed."""
    return importlib.util.find_spec("gguf") is not None


def gguf_name(name: str) -> str:
    """Return llama.cpp's name of a tensor; raise ValueError for a tensor that Qwen2 does not have."""
    for pattern, theirs in NAMES.items():
        if found := re.fullmatch(pattern, name):
            return found.expand(theirs)
    raise ValueError(f"{name!r} is no tensor of a Qwen2 model: merge the adapter first")


def write_gguf(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: str | Path, kind: str = "F16") -> Path:
    """Write a merged model and its tokenizer to one file, its matrices in numbers of this kind.

    Raises ValueError for another kind, or another architecture than Qwen2's.
    """
    import gguf

    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    if model.config.model_type != "qwen2":
        raise ValueError(f"only Qwen2 models are written here, and this is {model.config.model_type}")
    wanted = gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(str(path), "qwen2")
    _write_config(writer, model, gguf.LlamaFileType[{"F32": "ALL_F32"}.get(kind, f"MOSTLY_{kind}")])
    _write_tokenizer(writer, tokenizer, gguf.TokenType, model.config.vocab_size)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue  # the same tensor as the embedding
        numbers = tensor.float().cpu().numpy()
        own = wanted if numbers.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(gguf_name(name), gguf.quants.quantize(numbers, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Path(path)


def read_gguf(path: str | Path) -> PreTrainedModel:
    """Load a GGUF file with transformers, which unpacks it to float32."""
    import torch
    from transformers import AutoModelForCausalLM

    from course.models import without_bars

    path = Path(path).resolve()
    bar = "transformers.modeling_gguf_pytorch_utils.tqdm"  # no setting turns it off
    with without_bars(), patch(bar, lambda tensors, **_: tensors):
        return AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()


def _write_config(writer: GGUFWriter, model: PreTrainedModel, file_type: int) -> None:
    config = model.config
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(file_type)


def _write_tokenizer(writer: GGUFWriter, tokenizer: PreTrainedTokenizerBase, kinds: type, rows: int) -> None:
    """Write vocabulary, merges, special tokens and the chat template of a byte-level BPE tokenizer.

    llama.cpp wants a token for every row of the embedding, so rows without one get a padding token that is never used.
    """
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    by_id = {number: token for token, number in tokenizer.get_vocab().items()}
    added = {token["id"]: kinds.CONTROL if token["special"] else kinds.USER_DEFINED for token in parts["added_tokens"]}
    tokens = [by_id.get(number, f"[PAD{number}]") for number in range(rows)]
    ordinary = [kinds.NORMAL if number in by_id else kinds.UNUSED for number in range(rows)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([added.get(number, kind) for number, kind in enumerate(ordinary)])
    writer.add_token_merges([" ".join(pair) for pair in parts["model"]["merges"]])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)
