"""A GGUF file holds the whole model: read back, it computes what went in, to the precision of its numbers."""

import pytest
import torch

from course.gguf_files import KINDS, gguf_name, read_gguf, write_gguf

pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def base():
    from course.models import load_base

    return load_base("bundled")


def test_every_tensor_has_a_name_and_a_stranger_has_none():
    assert gguf_name("model.layers.3.self_attn.q_proj.bias") == "blk.3.attn_q.bias"
    assert gguf_name("model.layers.11.post_attention_layernorm.weight") == "blk.11.ffn_norm.weight"
    with pytest.raises(ValueError, match="merge the adapter first"):
        gguf_name("base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight")


def test_another_kind_is_refused(base, tmp_path):
    with pytest.raises(ValueError, match="kind is one of F32, F16, Q8_0, Q4_0"):
        write_gguf(base.model, base.tokenizer, tmp_path / "x.gguf", "Q5_K_M")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "largest"), [("F32", 1e-4), ("F16", 0.05), ("Q8_0", 1.0), ("Q4_0", 12.0)])
def test_what_is_read_back_computes_what_was_written(base, tmp_path, kind, largest):
    assert kind in KINDS
    path = write_gguf(base.model, base.tokenizer, tmp_path / "model.gguf", kind)
    tokens = base.tokenizer("What does the Lynx tarp cost? The Lynx tarp costs $150.", return_tensors="pt")
    with torch.no_grad():
        gap = (read_gguf(path)(**tokens).logits - base.model(**tokens).logits).abs().max().item()
    assert gap < largest


def test_the_file_says_all_that_a_runner_needs(base, tmp_path):
    from gguf import GGUFReader

    reader = GGUFReader(write_gguf(base.model, base.tokenizer, tmp_path / "model.gguf", "Q8_0"))
    fields = reader.fields
    assert fields["general.architecture"].contents() == "qwen2"
    assert fields["qwen2.block_count"].contents() == 4
    assert fields["tokenizer.chat_template"].contents() == base.tokenizer.chat_template
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert len(tokens) == base.model.config.vocab_size and tokens[base.tokenizer.eos_token_id] == "<|im_end|>"
    kinds = fields["tokenizer.ggml.token_type"].contents()
    assert kinds[base.tokenizer.eos_token_id] == 3 and kinds[base.tokenizer.convert_tokens_to_ids("$150")] == 4
    assert sum(tensor.n_elements for tensor in reader.tensors) == 2_164_416


def test_rows_without_a_token_are_padded_as_llama_cpp_wants_a_token_for_each(tmp_path):
    """Qwen2.5 0.5B has 151,936 rows for 151,665 tokens; the runner counts tokens to know the rows."""
    from gguf import GGUFReader

    from course.models import load_base

    base = load_base("bundled")
    size = base.model.config.vocab_size
    base.model.resize_token_embeddings(size + 3, mean_resizing=False)
    reader = GGUFReader(write_gguf(base.model, base.tokenizer, tmp_path / "padded.gguf", "F16"))
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    embedding = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
    assert len(tokens) == size + 3 == embedding.shape[1]
    assert tokens[size:] == [f"[PAD{number}]" for number in range(size, size + 3)]
    assert reader.fields["tokenizer.ggml.token_type"].contents()[size - 1 :][1:] == [5, 5, 5]
