"""Rungs 2 and 3: configurations out of bounds, and tensors that do not fit, are not finite or change nothing."""

import math

import pytest
import torch
from adapters import CONFIG, stopped, tensors, write

from course.ladder import climb
from course.ladder.report import FAILED
from course.ladder.tensors import key_of
from course.models import TIERS


@pytest.fixture
def adapter(tmp_path):
    return write(tmp_path / "adapter")


# Rung 2: configuration


BAD_SETTINGS = [
    ({"peft_type": "LOHA"}, "`LOHA`"),
    ({"peft_type": None}, "LoRA is asked for"),
    ({"task_type": "SEQ_CLS"}, "`SEQ_CLS`"),
    ({"base_model_name_or_path": "Qwen/Qwen2.5-3B"}, "`Qwen/Qwen2.5-3B`"),
    ({"base_model_name_or_path": "../../secret"}, "`../../secret`"),
    ({"base_model_name_or_path": None}, "trained on `None`"),
    ({"base_model_name_or_path": ["bundled"]}, "Train it on that base"),
    ({"revision": "0123456789ab"}, "another version of the bundled model"),
    ({"revision": {"a": 1}}, "another version of the bundled model"),
    ({"r": 0}, "rank `r` is `0`"),
    ({"r": 65}, "1 to 64"),
    ({"r": 10**30}, "1 to 64"),
    ({"r": True}, "1 to 64"),
    ({"r": 4.0}, "1 to 64"),
    ({"r": "4"}, "1 to 64"),
    ({"lora_alpha": 0}, "`lora_alpha`"),
    ({"lora_alpha": -8}, "`lora_alpha`"),
    ({"lora_alpha": True}, "`lora_alpha`"),
    ({"lora_alpha": "8"}, "`lora_alpha`"),
    ({"target_modules": "(a+)+$"}, "is a pattern"),
    ({"target_modules": []}, "names no layers"),
    ({"target_modules": None}, "names no layers"),
    ({"target_modules": [["q_proj"]]}, "names no layers"),
    ({"target_modules": ["q_proj", "lm_head"]}, "`lm_head`"),
    ({"target_modules": ["embed_tokens"]}, "`embed_tokens`"),
    ({"target_modules": ["proj"]}, "`proj`"),
    ({"bias": "all"}, "biases"),
    ({"modules_to_save": ["lm_head"]}, "whole layers"),
    ({"rank_pattern": {"q_proj": 2}}, "ranks of their own"),
    ({"alpha_pattern": {"q_proj": 2}}, "alphas of their own"),
    ({"use_dora": True}, "DoRA"),
    ({"use_rslora": "yes"}, "`use_rslora`"),
    ({"auto_mapping": {"base_model_class": "os", "parent_library": "os"}}, "no code is loaded"),
    ({"trainable_token_indices": [1]}, "token embeddings"),
    ({"layer_replication": [[0, 4], [2, 5]]}, "changes the base's layers"),
    ({"layers_to_transform": [0]}, "only some layers"),
    ({"init_lora_weights": "pissa"}, "changes the base's own weights"),
    ({"init_lora_weights": "pissa_niter_16"}, "changes the base's own weights"),
    ({"init_lora_weights": "olora"}, "changes the base's own weights"),
    ({"init_lora_weights": 1}, "changes the base's own weights"),
    ({"loftq_config": {"loftq_bits": 4}}, "only plain LoRA"),
    ({"corda_config": {"cache_file": "/etc/passwd"}}, "only plain LoRA"),
    ({"something_new_in_peft": True}, "only plain LoRA"),
]


@pytest.mark.parametrize(("changes", "words"), BAD_SETTINGS, ids=[str(changes)[:50] for changes, _ in BAD_SETTINGS])
def test_a_configuration_out_of_bounds(tmp_path, changes, words):
    stopped(write(tmp_path / "a", **changes), 2, words)


def test_alpha_beyond_what_a_float_holds(adapter):
    text = (adapter / CONFIG).read_text().replace('"lora_alpha": 8', '"lora_alpha": 1e999')
    (adapter / CONFIG).write_text(text)
    stopped(adapter, 2, "`lora_alpha` is `inf`")


def test_another_base_names_both(tmp_path):
    folder = write(tmp_path / "a", base_model_name_or_path="gpt2", revision=None)
    sentence = stopped(folder, 2, "`gpt2`", "`bundled`", "`Qwen/")
    assert "bundled`" in sentence and climb(folder, tier="bundled", show=False).rungs[1].sentence.count("Qwen/") == 0


def test_the_instructor_may_ask_for_one_tier(adapter):
    report = climb(adapter, tier="t4", show=False)
    assert report.rungs[1].state == FAILED and TIERS["t4"].model_id in report.rungs[1].sentence


# Rung 3: tensors


def test_an_untrained_adapter(tmp_path):
    weights = {name: one * 0 if "lora_B" in name else one for name, one in tensors().items()}
    stopped(write(tmp_path / "a", weights), 3, "Every B is zero", "after `train()`")


def test_an_adapter_whose_products_are_zero(tmp_path):
    weights = {name: one * 0 if "lora_A" in name else one for name, one in tensors().items()}
    stopped(write(tmp_path / "a", weights), 3, "B A is zero")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(tmp_path, value):
    weights = tensors()
    next(iter(weights.values()))[1, 2] = value
    stopped(write(tmp_path / "a", weights), 3, "1 of 16 tensors hold NaN or infinity", "Lower the learning rate")


def test_doubles_that_no_float_holds(tmp_path):
    weights = {name: one.double() * 1e200 for name, one in tensors().items()}
    stopped(write(tmp_path / "a", weights), 3, "NaN or infinity")


def test_tensors_of_another_base(tmp_path):
    weights = {name: torch.randn(one.shape[0], one.shape[1] + 8) for name, one in tensors().items()}
    stopped(write(tmp_path / "a", weights), 3, "has shape `(4, 200)`", "(4, 192)")


def test_another_rank_than_declared(tmp_path):
    stopped(write(tmp_path / "a", r=8), 3, "rank 8")


def test_tensors_missing_or_too_many(tmp_path):
    weights = tensors()
    del weights[key_of("model.layers.2.self_attn.v_proj", "B")]
    stopped(write(tmp_path / "a", weights), 3, "lacks", "1 of 16")
    weights = tensors() | {"base_model.model.lm_head.weight": torch.zeros(3)}
    stopped(write(tmp_path / "b", weights), 3, "does not declare", "lm_head")


def test_whole_numbers_for_weights(tmp_path):
    stopped(write(tmp_path / "a", {name: one.to(torch.int8) for name, one in tensors().items()}), 3, "stored as I8")


def test_the_rank_is_that_of_the_product_in_double_precision(tmp_path):
    from course.ladder.tensors import Update, rank_of

    a, b = torch.randn(4, 30), torch.randn(20, 4)
    b[:, 3] = b[:, 2]
    expected = torch.linalg.matrix_rank(b.double() @ a.double()).item()
    assert rank_of(Update(a, b)) == expected == 3
    assert rank_of(Update(torch.randn(30, 4), torch.randn(5, 30))) == 4
