"""Carry plain data over the border between judge and learner: text that nothing is ever executed from.

    decode(encode({"loss": torch.tensor([0.5]), "steps": (1, 2)}))

What arrives has exact built-in types (or NumPy's and torch's own), so it cannot lie about equality. Configuration
objects arrive as inert namespaces with the class's name. The learner's kernel imports this module as well, so it
imports nothing of this package, and neither NumPy nor torch before a value needs them.
"""

import base64
import json
import math
import sys
from pathlib import PurePath

MAX_BYTES = 64 * 2**20  # of encoded text; an adapter's tensors fit, a runaway list does not
MAX_DEPTH = 60
MAX_ITEMS = 1_000_000
LONGEST_INTEGER = 10_000  # hexadecimal digits: to multiply numbers of millions takes minutes
MARKS = 4 * MAX_ITEMS  # brackets and commas in a text: each may cost a hundred times its own memory when it is read
DTYPES = (
    "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 float8_e4m3fn float8_e5m2 complex64".split()
)
PLAIN_SUBCLASSES = ("OrderedDict", "defaultdict", "Counter")  # dicts in all but name
CONFIGURATIONS = {"LoraConfig": "peft", "BitsAndBytesConfig": "transformers"}  # class name -> package


class NotPlainData(TypeError):
    """Say, in a sentence that follows "it returned", which value cannot cross and what to return instead."""


class Configuration:
    """Hold the fields of a configuration object from the other side, and nothing of its behaviour."""

    def __eq__(self, other):
        return type(self).__name__ == type(other).__name__ and vars(self) == vars(other)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def encode(value):
    """Encode `value` as ASCII text; raises `NotPlainData`."""
    text = json.dumps(_Encoder().encode(value, 0), allow_nan=False, separators=(",", ":"))
    if len(text) > MAX_BYTES:
        raise NotPlainData(f"{len(text) / 2**20:.0f} MB of data; at most {MAX_BYTES // 2**20} MB can be graded")
    return text


def decode(text):
    """Decode what `encode` wrote; raises `NotPlainData` for anything else, however hostile."""
    if type(text) is not str or len(text) > MAX_BYTES:
        raise NotPlainData(f"more than {MAX_BYTES // 2**20} MB of data")
    if sum(map(text.count, "[{,")) > MARKS:
        raise NotPlainData(f"more than {MAX_ITEMS:,} values; at most that many can be graded")
    try:
        return _Decoder().decode(json.loads(text, parse_constant=_refuse), 0)
    except NotPlainData:
        raise
    except Exception:  # whatever a hostile text provokes
        raise NotPlainData("data that cannot be read") from None


class _Bounded:
    def __init__(self):
        self.items = 0

    def count(self, depth):
        self.items += 1
        if depth > MAX_DEPTH:
            raise NotPlainData(f"data nested more than {MAX_DEPTH} deep (does it contain itself?)")
        if self.items > MAX_ITEMS:
            raise NotPlainData(f"more than {MAX_ITEMS:,} values; at most that many can be graded")


class _Encoder(_Bounded):
    def encode(self, value, depth):
        self.count(depth)
        kind = type(value)
        if value is None or kind in (bool, str) or (kind is float and math.isfinite(value)):
            return value
        if kind is int:
            return value if abs(value) < 2**63 else {"int": _short(hex(value))}
        if kind is float:
            return {"float": repr(value)}
        if kind is bytes:
            return {"bytes": _base64(value)}
        if kind in (list, tuple, set, frozenset):
            return {kind.__name__: [self.encode(item, depth + 1) for item in _small(value)]}
        if kind is dict or (isinstance(value, dict) and _comes_from(value, "collections", PLAIN_SUBCLASSES)):
            pairs = dict.items(_small(value))
            return {"dict": [[self.encode(key, depth + 1), self.encode(item, depth + 1)] for key, item in pairs]}
        if isinstance(value, PurePath):
            return {"path": str(value)}
        return self.encode_library(value, kind, depth)

    def encode_library(self, value, kind, depth):
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if numpy and kind is numpy.ndarray:
            return {"array": _array(value, numpy)}
        if numpy and isinstance(value, numpy.generic) and value.dtype.kind in "biufc":
            return {"scalar": _array(value, numpy)}
        if torch and kind in (torch.Tensor, torch.nn.Parameter):
            return {"tensor": _tensor(value, torch), "grad": bool(value.requires_grad)}
        if torch and kind is torch.dtype:
            return {"dtype": str(value).removeprefix("torch.")}
        if _comes_from(value, CONFIGURATIONS.get(kind.__name__), CONFIGURATIONS):
            return {"configuration": kind.__name__, "fields": self.encode_fields(value, depth)}
        raise NotPlainData(_advice(value, kind))

    def encode_fields(self, value, depth):
        fields = {}
        for name, item in vars(value).items():
            item = item.value if isinstance(item, str) and hasattr(item, "value") else item  # an enum of strings
            try:
                fields[name.lstrip("_")] = self.encode(item, depth + 1)
            except NotPlainData:
                continue  # a field that is itself an object is not part of what exercises ask for
        return fields


class _Decoder(_Bounded):
    def decode(self, data, depth):
        self.count(depth)
        if data is None or type(data) in (bool, int, float, str):
            return data
        kind, content = next(iter(data.items()))
        if kind in ("list", "tuple", "set", "frozenset"):
            items = [self.decode(item, depth + 1) for item in _checked(content, list)]
            return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
        if kind == "dict":
            return {self.decode(key, depth + 1): self.decode(item, depth + 1) for key, item in _checked(content, list)}
        if kind == "configuration":
            return self.decode_configuration(content, data["fields"], depth)
        if kind == "tensor":
            return _to_tensor(content, data["grad"] is True)
        return READERS[kind](content)

    def decode_configuration(self, name, fields, depth):
        if name not in CONFIGURATIONS:
            _refuse(name)
        result = type(name, (Configuration,), {"__module__": CONFIGURATIONS[name]})()
        vars(result).update({str(key): self.decode(item, depth + 1) for key, item in fields.items()})
        return result


def _advice(value, kind):
    name = kind.__name__[:80]
    a_name = f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
    if isinstance(value, type) or callable(value) and hasattr(value, "__code__"):
        return "a function or class; return what it computes"
    if hasattr(value, "__next__") or isinstance(value, range) or name in ("dict_keys", "dict_values", "dict_items"):
        return f"{a_name}; return a list"
    if name == "ndarray" or hasattr(value, "dtype") and name != "Tensor":
        return f"NumPy data of type {str(getattr(value, 'dtype', name))[:80]}; return numbers, or a list of strings"
    for plain in (bool, int, float, str, bytes, list, tuple, dict, set):
        if isinstance(value, plain):
            return f"{a_name}; return a built-in {plain.__name__}"
    return f"{a_name}; return plain data: numbers, strings, lists, dicts, arrays or tensors"


def _comes_from(value, package, names):
    return package and type(value).__name__ in names and type(value).__module__.split(".")[0] == package


def _small(items):
    if len(items) > MAX_ITEMS:
        raise NotPlainData(f"{len(items):,} values; at most {MAX_ITEMS:,} can be graded")
    return items


def _checked(value, kind):
    if type(value) is not kind:
        _refuse(value)
    return value


def _refuse(value):
    raise NotPlainData("data that cannot be read")


def _base64(data):
    _check_size(len(data))
    return base64.b64encode(data).decode()


def _array(value, numpy):
    if value.dtype.kind not in "biufc":
        raise NotPlainData(f"an array of {str(value.dtype)[:80]}; return an array of numbers, or a list")
    _check_size(value.size * value.dtype.itemsize)
    return [value.dtype.str, list(value.shape), _base64(numpy.ascontiguousarray(value).tobytes())]


def _to_array(content):
    import numpy

    dtype, shape, data = content
    dtype = numpy.dtype(_checked(dtype, str))
    if dtype.kind not in "biufc":
        raise NotPlainData("an array of something else than numbers")
    return numpy.frombuffer(base64.b64decode(data, validate=True), dtype).reshape([int(size) for size in shape]).copy()


def _tensor(value, torch):
    name = str(value.dtype).removeprefix("torch.")
    if name not in DTYPES or value.layout != torch.strided:
        raise NotPlainData(f"a tensor of {name} in layout {value.layout}; return a dense tensor of numbers")
    _check_size(value.numel() * value.element_size())
    data = value.detach().cpu().contiguous().resolve_conj().resolve_neg().reshape(-1).view(torch.uint8).numpy()
    return [name, list(value.shape), _base64(data.tobytes())]


def _to_tensor(content, requires_grad):
    import torch

    name, shape, data = content
    if name not in DTYPES:
        raise NotPlainData("a tensor of an unknown type")
    data = bytearray(base64.b64decode(data, validate=True))
    flat = torch.frombuffer(data, dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
    tensor = flat.clone().view(getattr(torch, name)).reshape([int(size) for size in shape])
    return tensor.requires_grad_() if requires_grad and tensor.is_floating_point() else tensor


def _to_dtype(name):
    import torch

    return getattr(torch, name) if name in DTYPES else _refuse(name)


def _check_size(size):
    if size > MAX_BYTES * 3 // 4:
        raise NotPlainData(f"{size / 2**20:.0f} MB of data; at most {MAX_BYTES * 3 // 4 // 2**20} MB can be graded")


def _short(text):
    if len(text) > LONGEST_INTEGER:
        raise NotPlainData(f"an integer of more than {LONGEST_INTEGER:,} hexadecimal digits")
    return text


READERS = {
    "int": lambda text: int(_short(_checked(text, str)), 16),
    "float": lambda text: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
    "bytes": lambda text: base64.b64decode(text, validate=True),
    "path": lambda text: __import__("pathlib").Path(_checked(text, str)),
    "array": _to_array,
    "scalar": lambda content: _to_array(content)[()],
    "dtype": _to_dtype,
}
