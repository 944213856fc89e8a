"""The rank explorer counts as PEFT counts, and its controls redraw the picture."""

import pytest

from course.explorers.rank import MODELS, MODULES, RANKS, adapter_parameters, draw_rank, draw_update, explore_rank
from course.models import TIERS


@pytest.mark.parametrize(
    ("model", "modules", "rank", "expected"),
    [
        ("GPT-3 175B", "q and v (the paper's choice)", 8, 37_748_736),  # arXiv 2106.09685, table 4: 37.7M
        ("Qwen2.5 0.5B", "all linear layers", 16, 8_798_208),
        ("Qwen2.5 0.5B", "attention", 1, 24 * (1_792 + 1_024 + 1_024 + 1_792)),
    ],
)
def test_known_adapters_have_their_known_size(model, modules, rank, expected):
    assert adapter_parameters(MODELS[model], MODULES[modules], rank) == expected


@pytest.mark.parametrize("modules", MODULES)
def test_the_bundled_models_adapter_is_counted_as_peft_builds_it(modules):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(TIERS["bundled"].model_id))
        adapted = get_peft_model(model, LoraConfig(r=4, target_modules=list(MODULES[modules]), task_type="CAUSAL_LM"))
    trainable = sum(weights.numel() for weights in adapted.parameters() if weights.requires_grad)
    assert adapter_parameters(MODELS["the bundled model"], MODULES[modules], 4) == trainable


def test_the_models_have_as_many_parameters_as_their_tiers():
    assert MODELS["the bundled model"].parameters == TIERS["bundled"].parameters
    assert MODELS["Qwen2.5 0.5B"].parameters == TIERS["t4"].parameters
    assert MODELS["Mistral 7B"].parameters == TIERS["t4-large"].parameters


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rank", [RANKS[0], RANKS[-1]])
def test_any_choice_can_be_drawn(model, rank):
    for modules in MODULES:
        fig, alt, text = draw_rank(model, modules, rank)
        count = f"{adapter_parameters(MODELS[model], MODULES[modules], rank):,}"
        assert count in alt and count in text
        assert fig.axes[1].get_xlabel() == "rank r"


def test_a_rank_that_saves_nothing_is_named():
    assert "more numbers than a 192 × 192 matrix" in draw_rank("the bundled model", "attention", 128)[2]
    assert "nothing saved" in draw_rank("the bundled model", "attention", 128)[2]
    assert "nothing saved" not in draw_rank("the bundled model", "attention", 64)[2]


def test_the_picture_of_an_update_is_described():
    _, alt = draw_update(896, 896, 16)
    assert "28,672 numbers to train in place of 802,816" in alt


def test_the_explorer_follows_its_controls(opened):
    explorer, controls = opened(explore_rank)
    before = explorer.alt
    controls["Rank r"].value = 64
    assert explorer.alt != before and "rank 64" in explorer.alt
    controls["Base model"].value = "GPT-3 175B"
    assert "GPT-3" in explorer.alt
