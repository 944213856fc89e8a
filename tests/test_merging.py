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
