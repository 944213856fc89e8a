"""Merging into 16 bits keeps what an adapter learned; packed into 4 bits again, much of it is lost."""

import pytest
import torch

from course.models import TIERS
from course.own_adapter import load_with_adapter

pytestmark = pytest.mark.slow
TIER = TIERS["bundled"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from peft import get_peft_model

    from course.own_adapter import load_for_measuring
    from course.training import lora, save_adapter

    torch.manual_seed(1)
    model = get_peft_model(load_for_measuring(TIER).model, lora(4))
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.02)
    return save_adapter(model, TIER, tmp_path_factory.mktemp("adapter"))


def test_sixteen_bits_keep_the_change_and_four_bits_do_not(folder):
    from course.merging import merge_packed, merge_unpacked, update_error

    applied = load_with_adapter(TIER, folder).model
    exact, half, packed = (
        update_error(merged, applied)
        for merged in (
            merge_unpacked(TIER, folder, torch.float32), merge_unpacked(TIER, folder, torch.float16),
            merge_packed(TIER, folder),
        )
    )  # fmt: skip
    assert exact < 1e-5 < half < 0.02 < 0.3 < packed


def test_a_merged_model_answers_as_the_adapter_does(folder):
    from course.merging import merge_unpacked

    applied = load_with_adapter(TIER, folder)
    tokens = applied.tokenizer("My tent broke.", return_tensors="pt")
    merged = merge_unpacked(TIER, folder, torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(merged(**tokens).logits, applied.model(**tokens).logits, rtol=1e-3, atol=1e-3)


def test_errors_are_measured_beside_a_base_that_is_still_in_four_bits(folder):
    from peft import PeftModel

    from course.merging import merge_unpacked, update_error
    from course.models import load_base

    applied = PeftModel.from_pretrained(load_base(TIER, four_bit=True).model, str(folder))  # as it is on a GPU
    assert applied.base_model.model.model.layers[0].self_attn.q_proj.get_base_layer().weight.dtype == torch.uint8
    assert update_error(merge_unpacked(TIER, folder, torch.float32), applied) < 1e-5


def test_at_an_adapters_own_size_the_errors_are_those_of_its_merges(folder):
    from course.merging import (
        ORIGINAL,
        PACKED,
        errors_by_size,
        merge_original,
        merge_packed,
        merge_unpacked,
        relative_size,
        update_error,
    )
    from course.models import load_base

    applied, original = load_with_adapter(TIER, folder).model, load_base(TIER).model
    own = relative_size(applied)
    found = errors_by_size(applied, original, [own / 20, own])
    merged = {
        PACKED: merge_packed(TIER, folder),
        ORIGINAL: merge_original(TIER, folder, torch.float16),
        "unpacked, bfloat16": merge_unpacked(TIER, folder, torch.bfloat16),
        "unpacked, float16": merge_unpacked(TIER, folder, torch.float16),
    }
    for way, model in merged.items():
        assert found[way][1] == pytest.approx(update_error(model, applied), rel=1e-3), way
        assert found[way][0] > found[way][1], "of a smaller change, more is lost"
