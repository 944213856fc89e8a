"""Rung 1: what becomes of folders and files that are missing, damaged, linked or hostile."""

import os
import pickle
import struct

import pytest
import torch
from adapters import CONFIG, WEIGHTS, entry, raw, stopped, tensors, write

from course.ladder.header import MAX_WEIGHTS


@pytest.fixture
def adapter(tmp_path):
    return write(tmp_path / "adapter")


def test_a_missing_folder_says_how_to_save_one(tmp_path):
    stopped(tmp_path / "adapter", 1, "There is no folder", "save_adapter")


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "adapter").write_text("x")
    stopped(tmp_path / "adapter", 1, "is not a folder")


def test_an_empty_folder(tmp_path):
    stopped(tmp_path, 1, "is empty")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_each_file_may_be_missing_or_empty(adapter, name):
    (adapter / name).write_bytes(b"")
    stopped(adapter, 1, f"`{name}` is empty")
    (adapter / name).unlink()
    stopped(adapter, 1, f"`{name}` is missing")


@pytest.mark.parametrize("name", ["adapter_model.bin", "adapter.pt", "weights.PKL", "model.ckpt"])
def test_a_pickle_is_named_and_never_opened(adapter, name):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(adapter / "exploded"),)

    (adapter / WEIGHTS).unlink()
    (adapter / name).write_bytes(pickle.dumps(Bomb()))
    stopped(adapter, 1, f"the pickle `{name}`", "Pickles can run code")
    (adapter / name).rename(adapter / WEIGHTS)
    stopped(adapter, 1, "a pickle under another name")
    assert not (adapter / "exploded").exists()


def test_a_torch_archive_under_the_right_name_is_a_pickle_too(adapter):
    torch.save(tensors(), adapter / WEIGHTS)
    stopped(adapter, 1, "a pickle under another name")


def test_a_merged_model_or_a_checkpoint_in_place_of_the_adapter(adapter):
    (adapter / WEIGHTS).rename(adapter / "model.safetensors")
    stopped(adapter, 1, "a whole model")
    (adapter / "model.safetensors").unlink()
    (adapter / "checkpoint-40").mkdir()
    stopped(adapter, 1, "checkpoints", "`checkpoint-40`")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_links_are_not_followed(adapter, tmp_path, name):
    (adapter / name).rename(tmp_path / name)
    (adapter / name).symlink_to(tmp_path / name)
    stopped(adapter, 1, f"`{name}` is a link")
    (adapter / name).unlink()
    (adapter / name).symlink_to("/dev/zero")
    stopped(adapter, 1, f"`{name}` is a link")
    (adapter / name).unlink()
    os.link(tmp_path / name, adapter / name)
    stopped(adapter, 1, f"`{name}` is a hard link")


def test_a_folder_that_is_a_link_is_not_followed(adapter, tmp_path):
    (tmp_path / "linked").symlink_to(adapter)
    stopped(tmp_path / "linked", 1, "is a link")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    stopped(tmp_path / "dangling", 1, "is a link")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_pipe_or_a_folder_in_place_of_a_file_neither_hangs_nor_opens(adapter, name):
    (adapter / name).unlink()
    os.mkfifo(adapter / name)
    stopped(adapter, 1, f"`{name}` is not an ordinary file")
    (adapter / name).unlink()
    (adapter / name).mkdir()
    stopped(adapter, 1, f"`{name}` is not an ordinary file")


def test_a_name_that_no_file_system_takes(tmp_path):
    stopped("adapter\0", 1, "cannot be read")
    stopped(tmp_path / ("x" * 5000), 1, "cannot be read")


@pytest.mark.parametrize("kept", [3, 200, 5_000, -1])
def test_a_truncated_file_says_that_it_is_cut_off(adapter, kept):
    whole = (adapter / WEIGHTS).read_bytes()
    (adapter / WEIGHTS).write_bytes(whole[:kept])
    stopped(adapter, 1, "cut off")


def test_a_header_that_claims_two_gigabytes(adapter):
    (adapter / WEIGHTS).write_bytes(raw({"w": entry([500_000_000], 0, 2_000_000_000)}, b"\0" * 64))
    stopped(adapter, 1, "claims 2.0 GB", "64 bytes")


def test_a_sparse_file_of_two_gigabytes(adapter):
    os.truncate(adapter / WEIGHTS, 2_000_000_000)
    stopped(adapter, 1, "2.0 GB", "not a merged model")
    assert MAX_WEIGHTS < 2_000_000_000


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 1_000_001])
def test_a_header_of_absurd_length(adapter, length):
    (adapter / WEIGHTS).write_bytes(struct.pack("<Q", length) + b"{}" * 40)
    stopped(adapter, 1, "no safetensors file")


DAMAGED = {
    "no JSON": (b"{oops", "not readable as JSON"),
    "no text": (b"\xff\xfe{}", "not readable as JSON"),
    "no object": (b"[1]", "not a JSON object"),
    "deep": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
    "long number": (b'{"a":' + b"9" * 5_000 + b"}", "not readable as JSON"),
    "NaN": (b'{"a":NaN}', "holds NaN"),
    "twice": (b'{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":1}', "twice"),
    "nothing": (b'{"__metadata__":{}}', "holds no tensors"),
    "extra field": ({"w": entry([1], 0, 4) | {"code": "x"}}, "not safetensors"),
    "text for a number": ({"w": entry(["1"], 0, 4)}, "not safetensors"),
    "a truth for a number": ({"w": entry([True], 0, 4)}, "not safetensors"),
    "negative": ({"w": entry([-1, -1], 0, 4)}, "not safetensors"),
    "overflow": ({"w": entry([2**61, 8], 0, 4)}, "does not fit its bytes"),
    "backwards": ({"w": entry([1], 4, 0)}, "does not fit its bytes"),
    "shape": ({"w": entry([2], 0, 4)}, "does not fit its bytes"),
    "dtype": ({"w": entry([1], 0, 4, "object")}, "`object`"),
    "overlap": ({"v": entry([1], 0, 4), "w": entry([1], 0, 4)}, "overlap or leave gaps"),
    "gap": ({"w": entry([1], 0, 4), "v": entry([1], 8, 12)}, "overlap or leave gaps"),
    "rest": ({"w": entry([1], 0, 4)}, "after its last tensor"),
    "crowd": ({f"w{i}": entry([0], 0, 0) for i in range(9_000)}, "9,000 tensors"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_header(adapter, kind):
    header, words = DAMAGED[kind]
    size = {"rest": 9, "gap": 12}.get(kind, 4)
    (adapter / WEIGHTS).write_bytes(raw(header, b"\0" * size))
    stopped(adapter, 1, words)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 30_000, '{"r": 4, "r": 8}', '{"r": Infinity}', " " * 70_000])
def test_a_damaged_configuration_stops_at_the_files(adapter, text):
    (adapter / CONFIG).write_text(text)
    stopped(adapter, 1, f"`{CONFIG}`")
