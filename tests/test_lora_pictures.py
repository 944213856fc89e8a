"""LoRA's pictures draw what they are given, and say it in words."""

import pytest

from course.pictures.lora import best, draw_forgetting, draw_kept, draw_rates, draw_sizes, draw_starts

NAMES = {"all weights": "base", "LoRA rank 1": "prompt", "LoRA rank 8": "tuned"}


def run(name, rate, loss, correct=0.9, general=1.5):
    return {"name": name, "rate": rate, "loss": loss, "correct": correct, "general": general}


RUNS = [
    run("all weights", 1e-3, 0.006, 0.95), run("all weights", 1e-2, 0.1, 0.2),
    run("LoRA rank 1", 1e-3, 0.01, 0.74), run("LoRA rank 1", 1e-2, 0.009, 0.8, 2.9),
    run("LoRA rank 8", 1e-3, 0.008, 0.77), run("LoRA rank 8", 1e-2, 0.004, 0.89, 1.7),
]  # fmt: skip


def test_the_best_run_is_the_one_with_the_lowest_loss():
    assert best(RUNS, "LoRA rank 1")["rate"] == 1e-2


@pytest.mark.parametrize(("rate", "words"), [(1e-2, "0.01 for every LoRA"), (1e-3, "0.001, 0.01 for LoRA")])
def test_the_title_names_the_best_rates(rate, words):
    fig, alt = draw_rates([*RUNS, run("LoRA rank 8", rate, 0.001)], NAMES)
    assert fig.axes[0].get_title(loc="left") == f"Best rate tried: 0.001 for all weights; {words}"
    assert "LoRA rank 1: 0.010 at 0.001, 0.009 at 0.01" in alt


def test_every_dot_of_forgetting_carries_its_rate():
    fig, alt = draw_forgetting(RUNS, NAMES, untouched=1.46)
    assert sum(text.get_text() == "0.01" for text in fig.axes[0].texts) == 3
    assert "LoRA rank 1 at 0.01: 80% right, perplexity 2.9" in alt


def test_skill_and_share_of_the_change_are_told_apart():
    _, alt = draw_kept({0: 7, 8: 94}, {0: 0, 8: 76}, whole=95)
    assert "rank 8: 94 % and 76 %" in alt and "Whole change: 95 %" in alt


def test_sizes_and_starts_are_described():
    _, alt = draw_sizes({1: 0.1, 8: 0.5}, {1: 0.09, 8: 0.49}, whole=10)
    assert "rank 8: 0.5 MB" in alt
    curve = [(2.0, 0.0, 0.04), (1.0, 0.01, 0.05)]
    _, alt = draw_starts({"B zero": curve, "both zero": curve, "both random": curve})
    assert alt.startswith("Gradient of A 0 at first, then 0.01; of B 0.04, then 0.05.")
