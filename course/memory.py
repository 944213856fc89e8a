"""Count the bytes that one training step keeps, on any device, by looking at every tensor.

>>> inputs = tokenizer(texts, return_tensors="pt", padding=True)
>>> measure_step(model, inputs)
Memory(weights=8657664, constants=0, adapter=0, gradients=8657664, ...)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Memory:
    """Bytes, by what they are for."""

    weights: int
    """The base model's, trained or not."""
    constants: int
    """What turns 4-bit codes back into numbers."""
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    """What the forward pass keeps for the backward pass."""

    def parts(self) -> dict[str, int]:
        """Return the parts by name, in order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def measure_step(model: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> Memory:
    """Run one step of AdamW on whatever of `model` is trainable, and count; gradients are set to 0: nothing moves."""
    import torch

    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model(**inputs, labels=inputs["input_ids"], use_cache=False).loss
    activations = sum(kept.values())
    loss.backward()
    gradients = _bytes(parameter.grad for parameter in trained if parameter.grad is not None)
    for parameter in trained:
        if parameter.grad is not None:
            parameter.grad.zero_()  # in float16 they may be infinite
    optimizer.step()
    state = [value for slot in optimizer.state.values() for value in slot.values() if torch.is_tensor(value)]
    model.zero_grad(set_to_none=True)
    named = dict(model.named_parameters())
    adapter = _bytes(parameter for name, parameter in named.items() if "lora_" in name)
    return Memory(
        weights=_bytes(named.values()) - adapter,
        constants=sum(_constants(parameter) for parameter in named.values()),
        adapter=adapter,
        gradients=gradients,
        optimizer=_bytes(state),
        activations=activations,
    )


def _bytes(tensors: Iterable[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _constants(parameter: torch.Tensor) -> int:
    """Return the bytes of a 4-bit weight's scales: bitsandbytes' `absmax`, and with double quantization its own."""
    state = getattr(parameter, "quant_state", None)
    if state is None:
        return 0
    return _bytes([state.absmax, state.state2.absmax] if state.nested else [state.absmax])
