"""Read the header of a safetensors file ourselves, and believe it only where the file's size bears it out.

Eight bytes hold the header's length (little-endian), then comes JSON: name → dtype, shape, data_offsets; then the data.
Format: https://huggingface.co/docs/safetensors/index#format
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from course.ladder.report import Fault, quote, size

MAX_HEADER = 1_000_000
MAX_WEIGHTS = 1_000_000_000
"""Bytes; a rank-64 adapter on every linear layer of the largest tier has 0.7 GB in float32."""
MAX_TENSORS = 8_192
BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
         "U64": 8, "U32": 4, "U16": 2, "F8_E4M3": 1, "F8_E5M2": 1}  # fmt: skip
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # torch.save's two formats
AGAIN = "Save the adapter again with `save_adapter`, or upload the file again"


@dataclass(frozen=True)
class Entry:
    """One tensor as the header announces it."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """What a safetensors file holds: its tensors by name, and the header's own bytes (its length included)."""

    tensors: dict[str, Entry]
    raw: bytes

    @property
    def data_size(self) -> int:
        """Return how many bytes of data follow the header."""
        return max((entry.stop for entry in self.tensors.values()), default=0)


def read_header(read: Callable[[int], bytes], file_size: int, name: str) -> Header:
    """Read and check the header of a safetensors file of `file_size` bytes; `read(n)` gives its next n bytes.

    Raises Fault with a sentence for every way in which header and file can disagree.
    """
    prefix = read(8)
    if prefix.startswith(PICKLE_STARTS):
        raise Fault(f"{name} is a pickle under another name. Pickles can run code and are never opened. {AGAIN}.")
    if prefix.startswith(b"version "):
        raise Fault(f"{name} is a Git LFS pointer, not the weights. Fetch the file itself with `git lfs pull`.")
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8:
        raise Fault(f"{name} is cut off after {file_size} bytes. {AGAIN}.")
    if length > MAX_HEADER:
        raise Fault(f"{name} is no safetensors file: it would begin with a header of {size(length)}. {AGAIN}.")
    if 8 + length > file_size:
        raise Fault(f"{name} is cut off inside its header, after {size(file_size)}. {AGAIN}.")
    raw = read(length)
    entries = parse_entries(raw, name)
    header = Header(entries, prefix + raw)
    _check_sizes(header, file_size - 8 - length, name)
    return header


def parse_entries(raw: bytes, name: str) -> dict[str, Entry]:
    """Return the tensors that a header's JSON announces."""
    found = parse_json(raw, f"The header of {name}")
    found.pop("__metadata__", None)
    if len(found) > MAX_TENSORS:
        raise Fault(f"{name} announces {len(found):,} tensors; an adapter has at most {MAX_TENSORS:,}. {AGAIN}.")
    if not found:
        raise Fault(f"{name} holds no tensors. Train first, then save `run.model` with `save_adapter`.")
    return {key: _entry(key, value, name) for key, value in found.items()}


def parse_json(raw: bytes, what: str, again: str = AGAIN) -> dict:
    """Parse a JSON object from a stranger: no key twice, no NaN or Infinity, no depth that exhausts the stack."""

    def unique(pairs: Iterable[tuple[str, object]]) -> dict:
        found: dict = {}
        for key, value in pairs:
            if key in found:
                raise Fault(f"{what} has the key {quote(key)} twice. {again}, and do not edit it by hand.")
            found[key] = value
        return found

    def constant(name: str) -> None:
        raise Fault(f"{what} holds {name}, which is not JSON. {again}, and do not edit it by hand.")

    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=unique, parse_constant=constant)
    except Fault:
        raise
    except RecursionError:
        raise Fault(f"{what} is nested too deeply. {again}.") from None
    except ValueError:
        raise Fault(f"{what} is not readable as JSON. {again}, and do not edit it by hand.") from None
    if not isinstance(found, dict):
        raise Fault(f"{what} is not a JSON object. {again}, and do not edit it by hand.")
    return found


def _entry(key: str, value: object, name: str) -> Entry:
    wrong = Fault(f"{name} describes its tensor {quote(key)} in a way that is not safetensors. {AGAIN}.")
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"} or len(key) > 512:
        raise wrong
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or not _whole(shape) or not _whole(offsets) or len(shape) > 8 or len(offsets) != 2:
        raise wrong
    if dtype not in BYTES:
        raise Fault(f"{name} stores {quote(key)} as {quote(dtype)}. Save the adapter in float32, float16 or bfloat16.")
    start, stop = offsets
    if start > stop or math.prod(shape) * BYTES[dtype] != stop - start:
        raise Fault(f"{name} gives {quote(key)} a shape that does not fit its bytes. {AGAIN}.")
    return Entry(dtype, tuple(shape), start, stop)


def _whole(values: object) -> bool:
    """Tell whether `values` is a list of whole numbers from 0 to 2⁶²."""
    return isinstance(values, list) and all(type(one) is int and 0 <= one < 2**62 for one in values)


def _check_sizes(header: Header, data_size: int, name: str) -> None:
    claimed = header.data_size
    if claimed > MAX_WEIGHTS:
        raise Fault(
            f"{name} claims {size(claimed)} of weights in its header and holds {size(data_size)}; no adapter here "
            f"needs more than {size(MAX_WEIGHTS)}. {AGAIN}."
        )
    if claimed > data_size:
        raise Fault(f"{name} is cut off: {size(data_size)} of its {size(claimed)} of weights are there. {AGAIN}.")
    if claimed < data_size:
        raise Fault(f"{name} has {size(data_size - claimed)} after its last tensor. {AGAIN}.")
    end = 0
    for entry in sorted(header.tensors.values(), key=lambda one: (one.start, one.stop)):
        if entry.start != end:
            raise Fault(f"{name} has tensors that overlap or leave gaps. {AGAIN}.")
        end = entry.stop
