"""Adapters to test the ladder with: a sound one, written without training, and ways to break it."""

import json
import struct
from pathlib import Path

import torch
from safetensors.torch import save_file

from course.ladder import climb
from course.ladder.configuration import linear_layers
from course.ladder.report import FAILED, NOT_REACHED, PASSED
from course.ladder.tensors import key_of
from course.models import TIERS, fingerprint

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def tensors(rank=4, seed=0, scale=0.02, kinds=("q_proj", "v_proj")):
    """Return weights with PEFT's names and shapes, as training would leave them."""
    torch.manual_seed(seed)
    found = {}
    for name, (d_out, d_in) in linear_layers(TIERS["bundled"]).items():
        if name.endswith(kinds):
            found[key_of(name, "A")] = torch.randn(rank, d_in) * scale
            found[key_of(name, "B")] = torch.randn(d_out, rank) * scale
    return found


def settings(**changes):
    """Return the configuration that PEFT saves, with `changes`."""
    from peft import LoraConfig

    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM").to_dict()
    config |= {"target_modules": ["v_proj", "q_proj"], "peft_type": "LORA", "inference_mode": True}
    config |= {"base_model_name_or_path": "bundled", "revision": fingerprint("bundled")}
    return config | changes


def write(folder: Path, weights=None, **changes) -> Path:
    """Write an adapter, good unless told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(settings(**changes)))
    save_file(tensors() if weights is None else weights, folder / WEIGHTS, {"format": "pt"})
    return folder


def stopped(folder, rung, *words):
    """Check that the climb stops at `rung`, with all of `words` in its sentence, and gives no points."""
    report = climb(folder, show=False)
    assert [one.state for one in report.rungs] == [PASSED] * (rung - 1) + [FAILED] + [NOT_REACHED] * (6 - rung)
    sentence = report.rungs[rung - 1].sentence
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 420
    assert report.score == 0
    json.dumps(report.as_dict(), allow_nan=False)
    return sentence


def raw(header, data=b""):
    """Return a safetensors file with this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape, start, stop, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}
