"""Merge an adapter into its base in several ways, and measure what each loses against the adapter applied beside it.

    >>> ways = merged_models(tier, "adapter")
    >>> update_error(ways["into 16 bits"], applied)
    0.004

The error is that of the weights, as a share of what the adapter changed: 0 is a perfect merge, 1 as bad as none.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from course.models import Base, Tier, load_base

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


def applied(tier: Tier, folder: Path | str) -> Base:
    """Load the 4-bit base as it was trained on, unpacked, with the adapter beside it: what you measured."""
    from course.own_adapter import load_with_adapter

    return load_with_adapter(tier, folder)


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
