"""The schedule explorer counts as the trainer counts, and its controls redraw the picture."""

import math

import pytest

from course.explorers.schedule import Plan, Settings, draw_schedule, explore_schedule, plan, rates
from course.pictures.training import draw_batches, draw_step


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(64, 16, 1, 1, 0.0), Plan(16, 4, 4, 0)),
        (Settings(1_000, 16, 1, 2, 0.25), Plan(16, 63, 126, 32)),
        (Settings(90, 8, 4, 3, 0.5), Plan(32, 3, 9, 5)),
        (Settings(5, 16, 4, 2, 0.5), Plan(64, 1, 2, 1)),
    ],
)
def test_partial_batches_and_partial_accumulation_count_in_each_epoch(settings, expected):
    assert plan(settings) == expected


@pytest.mark.parametrize(("steps", "warmup"), [(126, 13), (20, 0), (7, 7), (1, 1), (1, 0)])
def test_the_curve_is_the_one_that_transformers_uses(steps, warmup):
    import torch
    from transformers import get_cosine_schedule_with_warmup

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2e-3)
    scheduler = get_cosine_schedule_with_warmup(optimizer, warmup, steps)
    theirs = []
    for _ in range(steps):
        theirs.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    assert rates(Plan(16, steps, steps, warmup), 2e-3) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("settings", [Settings(), Settings(40, 64, 64, 1, 0.0), Settings(40, 64, 1, 5, 0.5)])
def test_any_settings_can_be_drawn(settings):
    fig, alt, text = draw_schedule(settings)
    steps = plan(settings).steps
    assert f"{steps} steps" in alt
    assert "learning rate" in fig.axes[0].get_ylabel()
    assert str(settings.batch * settings.accumulation) in text


def test_the_explorer_follows_its_controls(opened):
    explorer, sliders = opened(explore_schedule)
    before = explorer.alt
    sliders["Epochs (rounds of the data)"].value = 5
    assert explorer.alt != before
    assert f"{math.ceil(1_000 / 16) * 5} steps" in explorer.alt


def test_the_pictures_of_a_step_are_described():
    for fig, alt in (draw_step(), draw_batches(batch=2, accumulation=3)):
        assert alt.endswith(".") and fig.axes
    assert "3 rows of 2 tickets" in alt
