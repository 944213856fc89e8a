"""Merge an adapter into its base in several ways, and measure what each loses against the adapter applied beside it.

    >>> merged = merge_unpacked(tier, "adapter", torch.float16)
    >>> update_error(merged, applied), probability_shift(merged, applied, tokenizer, texts)
    (0.004, 0.00002)

`update_error` is that of the weights, as a share of what the adapter changed: 0 is a perfect merge, 1 as bad as none.
`probability_shift` is what that does to the next token's probabilities, in nats.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course.models import Tier, load_base

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def merge_unpacked(tier: Tier, folder: Path | str, dtype: torch.dtype) -> PreTrainedModel:
    """Merge into the base that the adapter was trained on, its 4-bit weights unpacked, and store it in this dtype."""
    from peft import PeftModel

    base = load_base(tier, four_bit=True)
    base.model.dequantize()
    return PeftModel.from_pretrained(base.model, str(folder)).merge_and_unload().to(dtype).eval()


def merge_original(tier: Tier, folder: Path | str) -> PreTrainedModel:
    """Merge into the original base, which was never quantized: another base than the one the adapter was trained on."""
    from peft import PeftModel

    return PeftModel.from_pretrained(load_base(tier).model, str(folder)).merge_and_unload().eval()


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
    for name, layer in adapted.base_model.model.named_modules():
        if hasattr(layer, "lora_A"):
            delta = layer.get_delta_weight("default").float()
            exact = layer.get_base_layer().weight.data.float() + delta
            error += (layers[name].weight.data.float() - exact).pow(2).sum().item()
            change += delta.pow(2).sum().item()
    return (error / change) ** 0.5


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
