"""DPO's settings follow the machine, and its explorer computes what TRL computes."""

import math

import pytest

from course.dpo import dpo_config, logged
from course.explorers.dpo import BETAS, draw_dpo, explore_dpo, pair
from course.training import precision


def test_the_settings_are_those_of_sft_where_both_have_them(tmp_path):
    config = dpo_config(tmp_path, steps=60, learning_rate=1e-4, beta=0.3, max_length=99)
    assert (config.max_steps, config.learning_rate, config.beta, config.max_length) == (60, 1e-4, 0.3, 99)
    assert config.warmup_steps == 6
    for name, value in precision().items():
        assert getattr(config, name) == value
    assert config.eval_on_start and config.report_to in ([], ["none"])


def test_logged_figures_come_with_their_steps():
    history = [{"step": 0, "eval_loss": 0.69}, {"step": 5, "loss": 0.6}, {"step": 10, "eval_loss": 0.5}]
    assert logged(history, "loss") == ([0, 10], [0.69, 0.5])


def test_a_pair_that_has_not_moved_costs_ln_2_at_any_beta():
    for beta in BETAS:
        assert pair(0, 0, beta).loss == pytest.approx(math.log(2))
        assert pair(-7, -7, beta).push == pytest.approx(0.5)


@pytest.mark.parametrize(("chosen", "rejected", "beta"), [(2, -3, 0.1), (-6, -13, 0.3), (30, -30, 1.0), (-30, 30, 1.0)])
def test_loss_and_push_are_those_of_autograd(chosen, rejected, beta):
    import torch

    margin = torch.tensor(beta * (chosen - rejected), dtype=torch.float64, requires_grad=True)
    loss = -torch.nn.functional.logsigmoid(margin)
    loss.backward()
    found = pair(chosen, rejected, beta)
    assert (found.margin, found.loss, found.push) == pytest.approx((margin.item(), loss.item(), -margin.grad.item()))


@pytest.mark.parametrize("moves", [(0, 0), (30, -30), (-30, 30), (-5, -9)])
def test_any_choice_can_be_drawn(moves):
    for beta in (BETAS[0], BETAS[-1]):
        fig, alt, text = draw_dpo(*moves, beta)
        assert f"{pair(*moves, beta).loss:.3f}" in alt
        assert "nats" in fig.axes[0].get_ylabel()
        assert "Implicit rewards" in text


def test_two_falling_replies_with_a_falling_loss_are_pointed_out():
    assert "both" in draw_dpo(-2, -6, 0.3)[2]
    assert "both" not in draw_dpo(-6, -2, 0.3)[2]
    assert "kept up" in draw_dpo(2, 6, 0.3)[2]


def test_the_explorer_follows_its_controls(opened):
    explorer, controls = opened(explore_dpo)
    assert "the loss 0.474" in explorer.alt  # the lesson's example
    controls["Rejected reply moved by (nats)"].value = -8
    assert "margin is +1.00" in explorer.alt
    controls["β"].value = 0.5
    assert "margin is +5.00" in explorer.alt


def test_the_live_picture_says_what_the_loss_is_a_mean_over():
    from course.live import draw_run

    fig, _ = draw_run([(1, 0.69), (2, 0.5)], [], [], steps=4, title="DPO", per="pair")
    assert "nats per pair" in fig.axes[0].get_ylabel()
