"""Quantization's pictures draw what they are given, and say it in words."""

from course.pictures.quantization import draw_blocks, draw_codebooks, draw_errors, draw_flow, draw_rises, draw_snap


def test_numbers_snap_to_the_nearest_value():
    _, alt = draw_snap([0.2, -1.0], [-1.0, 0.0, 0.5, 1.0])
    assert alt.endswith("0.2 to 0, -1 to -1.")


def test_the_gradient_goes_to_the_adapter_and_through_the_frozen_weight():
    fig, alt = draw_flow()
    assert "move the adapter" in alt and "pass through the frozen weight" in alt
    assert any("earlier layers" in text.get_text() for text in fig.axes[0].texts)


def test_a_codebook_is_drawn_with_all_its_lines():
    fig, alt = draw_codebooks([0.1, -0.3], {"int4": [-1, 0, 1], "FP4": [-1, 0, 0.5, 1]})
    assert [ax.get_xlabel()[-14:] for ax in fig.axes] == ["; 3 lines: int4"[-14:], "; 4 lines: FP4"]
    assert "FP4 at -1, 0, 0.5, 1" in alt


def test_errors_and_block_sizes_are_told():
    _, alt = draw_errors({"FP4": 0.0149, "int4": 0.0116, "NF4": 0.0085, "moved by\nthe error": 0.008})
    assert "NF4 0.0085, moved by the error 0.0080." in alt
    _, alt = draw_blocks({16: 6.0, 64: 4.5}, {"NF4": [0.0065, 0.0085], "int4": [0.0072, 0.0114]}, (4.127, 0.0085))
    assert "block 64, 4.5 bits: NF4 0.0085, int4 0.0114" in alt and "4.127 bits: 0.0085" in alt


def test_the_rise_of_the_loss_is_told_for_both_models():
    recipes = ["a", "b", "c", "d", "e"]
    _, alt = draw_rises(recipes, {"as it was": [0.6, 0.1, 0.3, -0.4, 3.2], "with": [4.6, 13, 537, 963, 1296]})
    assert "d: -0.4 % and +963.0 %" in alt
