"""The estimate of GPU memory: worked by hand, and held against bytes counted on a CPU."""

import pytest

from course.explorers.vram import METHODS, draw_vram, explore_vram
from course.memory import Memory
from course.models import TIERS
from course.pictures.memory import draw_peaks, draw_steps
from course.vram import GPUS, MODELS, OVERHEAD, Need, Plan, Shape, estimate, layer_bytes

TOY = Shape(hidden=64, inner=128, layers=2, heads=2, kv_heads=1, head_size=32, vocabulary=100, tied=True)
# One layer: q 64 × 64, k and v 32 × 64, o 64 × 64, gate, up and down 128 × 64: 36,864 weights.


def test_the_toy_s_weights_are_counted_as_by_hand():
    assert TOY.linear == 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64) == 73_728
    assert TOY.others == 100 * 64 + 2 * 2 * 64 + 64 == 6_720
    assert TOY.adapter(4) == 2 * 4 * (2 * 128 + 2 * 96 + 3 * 192) == 8_192


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("bundled (2 M)", TIERS["bundled"].parameters),
        ("Qwen2.5 0.5B", TIERS["t4"].parameters),
        ("Qwen2.5 1.5B", 1_543_714_304),
        ("Qwen2.5 3B", 3_085_938_688),
        ("Mistral 7B", TIERS["t4-large"].parameters),
        ("Llama 13B", 13_015_864_320),
        ("Llama 65B", 65_285_660_672),
    ],
)
def test_every_model_has_its_published_size(name, published):
    assert MODELS[name].parameters == published


def test_qlora_on_the_toy_is_the_sum_worked_by_hand():
    need = estimate(Plan(TOY, "nf4", rank=4, batch=3, length=10, checkpointing=False, dropout=False))
    assert need.weights == 73_728 / 2 + 6_720 * 2
    assert need.constants == 1_152 + 1_152 / 256 * 4  # 73,728 / 64 blocks
    assert (need.adapter, need.gradients, need.optimizer) == (8_192 * 4, 8_192 * 4, 8_192 * 8)
    token = 2 * 64 * 4 + 2 * (2 * 64 + 2 * 32 + 3 * 128) + 2 * (2 * 64 + 128) + 2 * 7 * 4
    assert need.activations == 2 * 30 * token
    assert need.logits == 30 * 100 * 2
    assert need.overhead == OVERHEAD + 128 * 64 * 2
    assert need.total == sum(need.parts().values())


def test_full_fine_tuning_in_16_bits_takes_zero_s_16_bytes_a_weight():
    need = estimate(Plan(MODELS["Mistral 7B"], "16-bit", rank=0))
    assert need.weights + need.gradients + need.optimizer == 16 * MODELS["Mistral 7B"].parameters
    assert need.adapter == need.constants == 0 and not need.fits()


def test_double_quantization_leaves_an_eighth_of_a_bit():
    plain, double = (estimate(Plan(MODELS["Llama 65B"], double_quant=on)) for on in (False, True))
    linear = MODELS["Llama 65B"].linear
    assert 8 * plain.constants / linear == 0.5
    assert 8 * double.constants / linear == pytest.approx(0.127, abs=1e-3)


def test_checkpointing_keeps_one_layer_and_every_layer_s_input():
    plan = Plan(TOY, batch=2, length=8, checkpointing=True)
    assert estimate(plan).activations == 2 * 16 * 64 * 2 + 16 * layer_bytes(plan)


def test_more_of_anything_never_needs_less():
    base = Plan(MODELS["Mistral 7B"], checkpointing=False).__dict__
    total = estimate(Plan(**base)).total
    for change in ({"rank": 64}, {"batch": 4}, {"length": 2_048}, {"base": "16-bit"}, {"double_quant": False}):
        assert estimate(Plan(**base | change)).total > total, change
    for change in ({"checkpointing": True}, {"dropout": False}, {"eight_bit_optimizer": True}):
        assert estimate(Plan(**base | change)).total < total, change


def test_a_7b_model_fits_on_a_t4_only_in_four_bits():
    shape = MODELS["Mistral 7B"]
    assert "T4" in estimate(Plan(shape, "nf4")).fits()
    assert "T4" not in estimate(Plan(shape, "16-bit")).fits()
    assert estimate(Plan(MODELS["Llama 65B"], "nf4")).total < 48e9  # the headline of arXiv 2305.14314


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"base": "int3"}, "base is one of"),
        ({"rank": 0}, "give the adapter a rank"),
        ({"batch": 0}, "at least 1"),
        ({"rank": -1}, "at least 0"),
        ({"base": "float32"}, "width"),
    ],
)
def test_an_impossible_plan_says_what_to_do(changes, advice):
    with pytest.raises(ValueError, match=advice):
        Plan(TOY, **changes)


@pytest.mark.slow
@pytest.mark.parametrize("base", ["float32", "nf4", "full"])
def test_the_estimate_agrees_with_bytes_counted_on_the_cpu(base):
    import torch
    from peft import LoraConfig, get_peft_model

    from course.memory import measure_step
    from course.models import load_base

    model = load_base("bundled", four_bit=base == "nf4").model
    before = {name: value.clone() for name, value in model.state_dict().items() if value.is_floating_point()}
    rank = 0 if base == "full" else 8
    if rank:
        model = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    counted = measure_step(model.train(), {"input_ids": torch.arange(8 * 40).view(8, 40) + 100})
    plan = Plan(
        MODELS["bundled (2 M)"], "nf4" if base == "nf4" else "float32", rank, 8, 40,
        checkpointing=False, dropout=False, width=4,
    )  # fmt: skip
    need = estimate(plan)
    for part in ("weights", "constants", "adapter", "gradients", "optimizer"):
        assert getattr(need, part) == pytest.approx(getattr(counted, part), rel=2e-3), part
    assert need.activations + need.logits == pytest.approx(counted.activations, rel=0.05)
    if base == "full":
        after = model.state_dict()
        assert all(torch.equal(value, after[name]) for name, value in before.items()), "the step moved a weight"


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("name", list(MODELS))
def test_every_bar_can_be_drawn_and_is_described(method, name):
    base, adapts, width = METHODS[method]
    plan = Plan(MODELS[name], base, 16 if adapts else 0, 32, 4_096, checkpointing=False, width=width)
    fig, alt, table = draw_vram(plan, name)
    assert "base weights" in alt and "GPU memory (GB)" in fig.axes[0].get_xlabel()
    assert "not a measurement" in table


def test_the_explorer_starts_too_large_for_a_t4_and_can_be_made_to_fit(opened):
    explorer, controls = opened(explore_vram)
    assert "T4" not in explorer.alt
    controls["Method"].value = "QLoRA on a 4-bit base"
    assert "T4" in explorer.alt and GPUS["T4"] == 15


def test_the_bars_of_a_step_tell_how_much_lora_saves():
    counted = {"full": Memory(100, 0, 0, 100, 200, 0), "LoRA": Memory(100, 0, 5, 5, 10, 80)}
    fig, alt = draw_steps(counted)
    assert "50 % of the memory" in fig.axes[0].get_title(loc="left") and "LoRA 0.0002 MB" in alt


def test_paging_rescues_the_batches_that_only_the_optimizer_makes_too_large():
    needs = [Need(gigabytes * 1e9, 0, 0, 0, 2e9, 0, 0, 0) for gigabytes in (5, 14, 16)]
    fig, alt = draw_peaks(needs, limit=15)
    assert "2 need more than 15 GB; without the optimizer's state 1 do." in alt
    assert "2 of 3 batches exceed 15 GB" in fig.axes[0].get_title(loc="left")
