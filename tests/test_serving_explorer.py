"""The serving explorer counts bytes as on paper, and its controls redraw the picture."""

import pytest

from course.explorers.serving import ADAPTERS, RANKS, base_bytes, draw_serving, explore_serving, per_thousand, room
from course.vram import GPUS, MODELS

MISTRAL = MODELS["Mistral 7B"]


def test_a_base_in_16_bits_takes_two_bytes_a_weight():
    assert base_bytes(MISTRAL, 16) == 2 * MISTRAL.parameters
    assert base_bytes(MISTRAL, 4) == MISTRAL.linear / 2 + 2 * MISTRAL.others


def test_adapters_fill_what_base_and_reserve_leave():
    left = 24e9 - 4e9 - 2 * MISTRAL.parameters
    assert room(24, MISTRAL, 16, 16, 4) == left // (2 * MISTRAL.adapter(16)) > 50
    assert room(15, MODELS["Llama 65B"], 4, 16, 1) == 0


def test_sharing_divides_the_rent():
    assert per_thousand(730, 1, 24_000) == pytest.approx(1.0)  # a dollar an hour, a thousand requests an hour
    assert per_thousand(730, 10, 24_000) == pytest.approx(0.1)


@pytest.mark.parametrize("gpu", GPUS)
@pytest.mark.parametrize("model", ["bundled (2 M)", "Mistral 7B", "Llama 65B"])
@pytest.mark.parametrize("bits", [4, 16])
def test_any_choice_can_be_drawn(gpu, model, bits):
    fig, alt, text = draw_serving(gpu, model, bits, RANKS[-1], 2.0, ADAPTERS[-1], 1_000, 1.0)
    fits = room(GPUS[gpu], MODELS[model], bits, RANKS[-1], 2.0)
    assert f"<b>{fits:,}</b> adapters" in text and gpu in alt
    assert [ax.get_xlabel() for ax in fig.axes] == ["GPU memory (GB)", "adapters that share the GPU"]


def test_the_explorer_follows_its_controls(opened):
    explorer, controls = opened(explore_serving)
    before = explorer.text
    controls["Bits per base weight"].value = 4
    assert explorer.text != before
    controls["Base model"].value = "Llama 65B"
    assert "<b>0</b> adapters" in explorer.text
