"""The grader's own base model, and adapters on it: attached, used, and taken off again.

    >>> with attached(grader_base("bundled"), adapter) as model:
    ...     model(tokens)

The base is loaded once per process, in NF4 as adapters were trained on it. On a CPU, 4-bit weights would be unpacked at
every step: the small base is unpacked once, gives the same numbers, and then computes in what is fastest there.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from course.ladder.tensors import Adapter
from course.models import Base, load_base, without_bars

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    Model = PreTrainedModel | PeftModel


class OneDnnLinear(torch.nn.Linear):
    """A linear layer that oneDNN computes, in float32 as before; without gradients.

    `torch.nn.Linear` asks MKL, which is half as fast on AMD's processors: 100 against 220 GFLOPS, measured.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x W^T + b."""
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


@lru_cache(maxsize=1)
def grader_base(tier: str) -> Base:
    """Load a tier's base for grading, in NF4; the last one loaded is kept."""
    with without_bars():
        base = load_base(tier, four_bit=True)
        if tier == "bundled" and base.model.device.type == "cpu":
            base.model.dequantize()
            _quicken(base.model)
    # A hostile or diverged adapter may give logits that are no numbers; sampling would stop the process on a GPU.
    base.model.generation_config.remove_invalid_values = True
    return base


def is_merged(base: Base) -> bool:
    """Tell whether adapters are merged into this base: it is the small one, unpacked on a CPU."""
    return not getattr(base.model, "is_quantized", False)


@contextmanager
def attached(base: Base, adapter: Adapter) -> Iterator["Model"]:
    """Attach an adapter to a base, and take it off again; the base's weights are never written to."""
    attach = _merged if is_merged(base) else _wrapped
    with attach(base, adapter) as model:
        yield model.eval()


def _quicken(model: "PreTrainedModel") -> None:
    """Choose what is fastest for a small model on a CPU: plain attention, and oneDNN where this torch has it."""
    from course.ladder.decoding import LastLayer  # late: it needs transformers

    model.set_attn_implementation("eager")
    model.model.layers[-1].__class__ = LastLayer
    if torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        for layer in model.modules():
            if type(layer) is torch.nn.Linear:
                layer.__class__ = OneDnnLinear


@contextmanager
def _merged(base: Base, adapter: Adapter) -> Iterator["Model"]:
    """Put W + scaling · B A in the place of W, which is kept aside: one product a layer in place of three."""
    layers = {name: base.model.get_submodule(name) for name in adapter.updates}
    kept = {name: layer.weight.data for name, layer in layers.items()}
    try:
        for name, update in adapter.updates.items():
            layers[name].weight.data = kept[name] + adapter.declared.scaling * (update.b @ update.a)
        yield base.model
    finally:
        for name, layer in layers.items():
            layer.weight.data = kept[name]


@contextmanager
def _wrapped(base: Base, adapter: Adapter) -> Iterator["Model"]:
    """Wrap the base's layers with PEFT's, as in training.

    The tensors are copied in one by one: PEFT's `set_peft_model_state_dict` reads the base's state dict on its way, and
    bitsandbytes repacks 4-bit weights when that is read on a CPU, with a small loss each time.
    """
    from peft import get_peft_model

    model = None
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = get_peft_model(base.model, adapter.declared.lora_config())
        with torch.no_grad():
            for name, update in adapter.updates.items():
                layer = model.base_model.model.get_submodule(name)
                layer.lora_A["default"].weight.copy_(update.a)
                layer.lora_B["default"].weight.copy_(update.b)
        yield model
    finally:
        if model is None:
            grader_base.cache_clear()  # half an adapter may be left in it
        else:
            model.unload()
