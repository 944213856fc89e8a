"""Rung 3, tensors: the weights fit the base and the configuration, are finite, and change something.

>>> adapter = load_tensors(files, declared)
>>> adapter.updates["model.layers.0.mlp.up_proj"].a.shape
torch.Size([8, 192])
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from course.ladder.configuration import Declared
from course.ladder.files import SAVE, WEIGHTS, AdapterFiles
from course.ladder.report import Fault, quote

FLOATS = ("F32", "BF16", "F16", "F64")


@dataclass(frozen=True)
class Update:
    """The change to one weight matrix, scaling · B A: `a` is (r, d_in), `b` is (d_out, r), both float32."""

    a: torch.Tensor
    b: torch.Tensor


@dataclass(frozen=True)
class Adapter:
    """An adapter that passed the first three rungs."""

    declared: Declared
    updates: dict[str, Update]

    @property
    def parameters(self) -> int:
        """Return the number of trained parameters."""
        return sum(one.a.numel() + one.b.numel() for one in self.updates.values())

    @cached_property
    def digest(self) -> str:
        """Return a hash of the tensors' values, whatever their order or metadata in the file."""
        found = hashlib.sha256()
        for name, update in sorted(self.updates.items()):
            found.update(f"{name} {tuple(update.a.shape)} {tuple(update.b.shape)} ".encode())
            found.update(update.a.numpy().tobytes() + update.b.numpy().tobytes())
        return found.hexdigest()


def key_of(module: str, letter: str) -> str:
    """Return PEFT's name of a module's A or B in a saved adapter."""
    return f"base_model.model.{module}.lora_{letter}.weight"


def load_tensors(files: AdapterFiles, declared: Declared) -> Adapter:
    """Load the weights. Raises Fault with what to do when they do not fit, are not finite or change nothing.

    Names, shapes and types are compared first, in the header; so no more is read than the base could need.
    """
    _check_names(files, declared)
    try:
        tensors = {name: tensor.float() for name, tensor in load(files.read_weights()).items()}
    except SafetensorError:
        raise Fault(f"`{WEIGHTS}` is damaged. {SAVE}.") from None
    broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise Fault(
            f"{len(broken)} of {len(tensors)} tensors hold NaN or infinity, the first is {quote(broken[0], 90)}: "
            "training diverged. Lower the learning rate and train again."
        )
    updates = {
        name: Update(tensors[key_of(name, "A")].contiguous(), tensors[key_of(name, "B")].contiguous())
        for name in declared.modules
    }
    if not any(update.b.any() for update in updates.values()):
        raise Fault(
            "Every B is zero, as in an adapter that was never trained: it changes nothing. "
            "Save the model that the trainer returns, after `train()`."
        )
    ranks = {name: rank_of(update) for name, update in updates.items()}
    if not any(ranks.values()):
        raise Fault("B A is zero in every layer, so the adapter changes nothing. Train it, then save it again.")
    if max(ranks.values()) > declared.rank:
        raise Fault(f"An update has rank {max(ranks.values())}, more than the declared {declared.rank}. {SAVE}.")
    return Adapter(declared, updates)


def rank_of(update: Update) -> int:
    """Return the numerical rank of B A in float64, at `torch.linalg.matrix_rank`'s default tolerance.

    With B = Q R and Aᵀ = P S, B A has the singular values of the small matrix R Sᵀ.
    """
    a, b = update.a.double(), update.b.double()
    core = torch.linalg.qr(b).R @ torch.linalg.qr(a.T).R.T
    values = torch.linalg.svdvals(core)
    return int((values > values.max() * max(a.shape[1], b.shape[0]) * torch.finfo(torch.float64).eps).sum())


def _check_names(files: AdapterFiles, declared: Declared) -> None:
    found, rank = files.header.tensors, declared.rank
    expected = {}
    for name, (d_out, d_in) in declared.modules.items():
        expected[key_of(name, "A")], expected[key_of(name, "B")] = (rank, d_in), (d_out, rank)
    extra, missing = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    if extra:
        raise Fault(
            f"`{WEIGHTS}` holds {quote(extra[0], 90)}, which its configuration does not declare "
            f"({len(extra)} such tensors). {SAVE}, and leave both files as they are."
        )
    if missing:
        raise Fault(
            f"`{WEIGHTS}` lacks {quote(missing[0], 90)} "
            f"({len(missing)} of {len(expected)} tensors are missing). {SAVE}."
        )
    for name, shape in expected.items():
        if found[name].shape != shape:
            raise Fault(
                f"{quote(name, 90)} has shape {quote(found[name].shape)}, and rank {rank} on the {declared.tier.name} "
                f"model asks for {shape}. Is it from another base or another run? {SAVE}."
            )
        if found[name].dtype not in FLOATS:
            raise Fault(f"{quote(name, 90)} is stored as {found[name].dtype}. Save it in float32, float16 or bfloat16.")
