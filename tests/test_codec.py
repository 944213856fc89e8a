"""Plain data crosses the border unchanged, and nothing else does."""

import collections
import json
import math
import subprocess
import sys

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.judging import codec
from autograder.judging.codec import NotPlainData, decode, encode
from autograder.judging.remote import same

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
KEYS = st.booleans() | st.integers() | st.text() | st.binary()
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner), max_leaves=20
)
TAGS = st.sampled_from([*codec.READERS, "list", "dict", "tensor", "configuration", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(TAGS, inner),
    max_leaves=10,
)
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@given(PLAIN)
def test_plain_data_arrives_with_its_exact_types(value):
    assert same(decode(encode(value)), value)


@given(JSON)
def test_no_text_makes_the_decoder_raise_anything_else(data):
    try:
        decode(json.dumps(data))
    except NotPlainData:
        pass


@pytest.mark.parametrize("dtype", [*FLOATS, torch.int64, torch.uint8, torch.bool, torch.complex64])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (2, 0, 4)])
def test_tensors_keep_dtype_shape_and_values(dtype, shape):
    tensor = (torch.rand(shape) * 10).to(dtype)
    arrived = decode(encode(tensor))
    assert type(arrived) is torch.Tensor and arrived.dtype == dtype and arrived.shape == shape
    assert torch.equal(arrived, tensor)


def test_a_view_of_a_tensor_arrives_as_what_it_shows():
    assert torch.equal(decode(encode(torch.arange(6).reshape(2, 3).T[1:])), torch.tensor([[1, 4], [2, 5]]))


def test_a_tensor_that_wants_gradients_arrives_as_a_leaf_that_does():
    arrived = decode(encode(torch.ones(2, requires_grad=True) * 2))
    assert arrived.is_leaf and arrived.requires_grad


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float64", "complex128"])
def test_arrays_and_their_scalars_stay_numpys(dtype):
    array = numpy.arange(6).reshape(2, 3).astype(dtype)
    assert same(decode(encode(array)), array)
    assert type(decode(encode(array[0, 1]))) is numpy.dtype(dtype).type


def test_a_numpy_integer_is_not_mistaken_for_a_built_in_one():
    assert type(decode(encode(numpy.int64(3)))) is not int
    assert isinstance(decode(encode(numpy.float64(3))), float)


def test_configurations_arrive_as_inert_namespaces():
    from peft import LoraConfig
    from transformers import BitsAndBytesConfig

    lora = decode(encode(LoraConfig(r=8, target_modules=["q_proj"], task_type="CAUSAL_LM")))
    assert (type(lora).__name__, lora.r, lora.target_modules) == ("LoraConfig", 8, {"q_proj"})
    assert lora.task_type == "CAUSAL_LM" and type(lora.task_type) is str and not isinstance(lora, LoraConfig)
    again = decode(encode(LoraConfig(r=8, target_modules=["q_proj"], task_type="CAUSAL_LM")))
    other = decode(encode(LoraConfig(r=9, target_modules=["q_proj"], task_type="CAUSAL_LM")))
    assert same(lora, again) and not same(lora, other), "a function that returns it twice gives equal results"
    bits = decode(encode(BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype="float16")))
    assert (bits.load_in_4bit, bits.bnb_4bit_compute_dtype) == (True, torch.float16)


def test_dicts_in_all_but_name_arrive_as_dicts():
    counted = collections.Counter("aab")
    for value in (counted, collections.OrderedDict(counted), collections.defaultdict(int, counted)):
        assert type(decode(encode(value))) is dict and decode(encode(value)) == {"a": 2, "b": 1}


class Liar(dict):
    def __eq__(self, other):
        return True


def _endless():
    endless = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "value, advice",
    [
        ((number for number in range(3)), "a generator; return a list"),
        (map(str, []), "a map; return a list"),
        (range(3), "a range; return a list"),
        ({}.keys(), "a dict_keys; return a list"),
        (Liar(), "a Liar; return a built-in dict"),
        (numpy.array(["a"]), "an array of <U1"),
        (numpy.array([None]), "an array of object"),
        (numpy.str_("a"), "return numbers, or a list of strings"),
        (lambda: 1, "a function or class; return what it computes"),
        (torch.zeros(2).to_sparse(), "a dense tensor"),
        (object(), "an object; return plain data"),
        (_endless(), "does it contain itself?"),
        ([0] * (codec.MAX_ITEMS + 1), "at most 1,000,000 can be graded"),
        (bytes(codec.MAX_BYTES), "MB can be graded"),
        (torch.zeros(1).expand(10**9), "MB can be graded"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_advice(value, advice):
    with pytest.raises(NotPlainData, match=advice.replace("?", r"\?")):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", "NaN", "1" * 5000, "[" * 100_000, '{"list":[' * 100 + "]}" * 100, '{"list": 3}',
        '{"array": ["O", [1], "AAAAAAAAAAA="]}', '{"array": ["<f8", [10], "AA=="]}', '{"dict": [[{"list": []}, 1]]}',
        '{"tensor": ["__class__", [1], "AA=="], "grad": true}', '{"dtype": "nn"}', '{"float": "1.0"}',
        '{"configuration": "Popen", "fields": {}}', None, b"1",
    ],
)  # fmt: skip
def test_hostile_text_is_refused(text):
    with pytest.raises(NotPlainData):
        decode(text)


def test_text_beyond_the_limit_is_refused_before_it_is_read():
    with pytest.raises(NotPlainData, match="64 MB"):
        decode(" " * (codec.MAX_BYTES + 1))


def test_numbers_that_json_cannot_write_cross():
    arrived = decode(encode([math.inf, -math.inf, math.nan, 10**400, "\ud800"]))
    assert arrived[:2] == [math.inf, -math.inf] and arrived[2] != arrived[2] and arrived[3:] == [10**400, "\ud800"]


def test_the_codec_imports_neither_numpy_nor_torch_before_a_value_needs_them():
    code = "import sys; from autograder.judging.codec import decode, encode; decode(encode([1])); "
    code += "print({'numpy', 'torch'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_a_number_too_long_to_compute_with_does_not_cross():
    assert decode(encode(10**9_000)) == 10**9_000
    with pytest.raises(NotPlainData, match="digits"):
        encode(10**20_000)
    with pytest.raises(NotPlainData):
        decode(json.dumps({"int": "f" * 20_000}))
