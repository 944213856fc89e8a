"""Merge an adapter into its base in several ways, and measure what each loses against the adapter applied beside it.

    >>> merged = merge_unpacked(tier, "adapter", torch.float16)
    >>> update_error(merged, applied), probability_shift(merged, applied, tokenizer, texts)
    (0.004, 0.00002)

`update_error` is that of the weights, as a share of what the adapter changed: 0 is a perfect merge, 1 as bad as none.
`probability_shift` is what that does to the next token's probabilities, in nats. The error depends on how large the
change is beside the weights, its `relative_size`: `errors_by_size` measures that with the adapter scaled up and down.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course.models import Tier, load_base

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


ORIGINAL, PACKED = "into the original, 16 bits", "packed again, 4 bits"


def merge_unpacked(tier: Tier, folder: Path | str, dtype: torch.dtype) -> PreTrainedModel:
    """Merge into the base that the adapter was trained on, its 4-bit weights unpacked, and store it in this dtype."""
    from peft import PeftModel

    base = load_base(tier, four_bit=True)
    base.model.dequantize()
    return PeftModel.from_pretrained(base.model, str(folder)).merge_and_unload().to(dtype).eval()


def merge_original(tier: Tier, folder: Path | str, dtype: torch.dtype) -> PreTrainedModel:
    """Merge into the original base, which was never quantized: another base than the one the adapter was trained on."""
    from peft import PeftModel

    return PeftModel.from_pretrained(load_base(tier).model, str(folder)).merge_and_unload().to(dtype).eval()


def merge_packed(tier: Tier, folder: Path | str) -> PreTrainedModel:
    """Merge into 4 bits: PEFT unpacks each weight, adds the change and rounds to NF4 again. Returned unpacked."""
    from peft import PeftModel

    base = load_base(tier, four_bit=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT warns of exactly what is measured here
        merged = PeftModel.from_pretrained(base.model, str(folder)).merge_and_unload()
    merged.dequantize()
    return merged.eval()


def update_error(merged: PreTrainedModel, adapted: PeftModel) -> float:
    """Return the error of a merge over all adapted layers: ‖W_merged − (W + ΔW)‖ / ‖ΔW‖, in the Frobenius norm."""
    error, change = 0.0, 0.0
    layers = dict(merged.named_modules())
    for name, weight, delta in _changes(adapted):
        error += _squared(layers[name].weight.data.float() - (weight + delta))
        change += _squared(delta)
    return (error / change) ** 0.5


def relative_size(adapted: PeftModel) -> float:
    """Return how large an adapter's change is beside the weights that it changes: ‖ΔW‖ / ‖W‖ over all its layers."""
    sizes = [(_squared(delta), _squared(weight)) for _, weight, delta in _changes(adapted)]
    return (sum(delta for delta, _ in sizes) / sum(weight for _, weight in sizes)) ** 0.5


def errors_by_size(adapted: PeftModel, original: PreTrainedModel, sizes: Sequence[float]) -> dict[str, list[float]]:
    """Scale an adapter to each relative size, merge it in four ways, and return every way's `update_error`.

    `original` is the base that was never quantized.
    """
    import torch

    own = relative_size(adapted)
    factors = [size / own for size in sizes]
    layers, errors, change = dict(original.named_modules()), {}, 0.0
    for name, weight, delta in _changes(adapted):
        change += _squared(delta)
        for place, factor in enumerate(factors):
            exact = weight + factor * delta
            for way, merged in {
                PACKED: _packed_again(exact),
                ORIGINAL: (layers[name].weight.data.float() + factor * delta).to(torch.float16),
                "unpacked, bfloat16": exact.to(torch.bfloat16),
                "unpacked, float16": exact.to(torch.float16),
            }.items():
                found = errors.setdefault(way, [0.0] * len(sizes))
                found[place] += _squared(merged.float() - exact)
    return {
        way: [(error / (factor**2 * change)) ** 0.5 for error, factor in zip(found, factors, strict=True)]
        for way, found in errors.items()
    }


def probability_shift(
    merged: PreTrainedModel, adapted: PeftModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> float:
    """Return the mean KL divergence per token, in nats, of the merged model's next tokens from the adapted one's."""
    import torch

    batch = tokenizer(list(texts), return_tensors="pt", padding=True).to(adapted.device)
    with torch.inference_mode():
        exact, other = (model(**batch).logits.float().log_softmax(-1) for model in (adapted, merged))
    gaps = (exact.exp() * (exact - other)).sum(-1)
    return gaps[batch["attention_mask"].bool()].mean().clamp(min=0).item()


def _changes(adapted: PeftModel) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """Yield each adapted layer's name, its base's weights, unpacked where they are in 4 bits, and its change."""
    from peft.utils.integrations import dequantize_module_weight

    for name, layer in adapted.base_model.model.named_modules():
        if hasattr(layer, "lora_A"):
            weight = dequantize_module_weight(layer.get_base_layer()).data.float()
            yield name, weight, layer.get_delta_weight("default").detach().float()


def _packed_again(weight: torch.Tensor) -> torch.Tensor:
    """Round to NF4 with double quantization, as the base is stored, and unpack."""
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    return dequantize_4bit(*quantize_4bit(weight, quant_type="nf4", compress_statistics=True))


def _squared(values: torch.Tensor) -> float:
    return values.pow(2).sum().item()
