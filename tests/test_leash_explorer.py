"""The leash explorer shows the best policy there is, and the pictures of lesson 2 say what they show."""

import math
import random

import pytest

from course.explorers.leash import BETAS, best_policy, divergence, draw_leash, explore_leash
from course.pictures.method import draw_dpo_run, draw_models, draw_surprises, draw_voices
from course.voice import VoiceScore


def objective(policy, reference, rewards, beta):
    mean = sum(p * reward for p, reward in zip(policy, rewards, strict=True))
    return mean - beta * divergence(policy, reference)


@pytest.mark.parametrize("beta", [0.1, 1.0, 5.0])
def test_no_other_policy_does_better_on_the_same_leash(beta):
    reference, rewards = [0.6, 0.3, 0.1], [0.0, 1.0, 2.0]
    best = objective(best_policy(reference, rewards, beta), reference, rewards, beta)
    draw = random.Random(7)
    for _ in range(200):
        weights = [draw.random() for _ in range(3)]
        other = [weight / sum(weights) for weight in weights]
        assert objective(other, reference, rewards, beta) <= best + 1e-12


def test_the_example_of_the_lesson_is_right():
    assert best_policy([0.6, 0.3, 0.1], [0, 1, 2], 1.0) == pytest.approx([0.28, 0.38, 0.34], abs=0.005)


def test_a_policy_is_at_no_distance_from_itself_and_a_long_leash_lets_it_run():
    assert divergence([0.5, 0.5], [0.5, 0.5]) == 0
    assert best_policy([0.9999, 0.0001], [0, 50], 0.1)[1] == pytest.approx(1)
    assert divergence([1.0, 0.0], [0.5, 0.5]) == pytest.approx(math.log(2))


@pytest.mark.parametrize("beta", BETAS)
def test_any_leash_can_be_drawn(beta):
    for hack in (0, 6, 12):
        fig, alt, text = draw_leash(beta, hack)
        assert f"β {beta:g}" in alt
        assert "%" in fig.axes[0].get_xlabel()
        assert "nats" in text


def test_a_long_leash_cheats_and_a_short_one_hardly_moves():
    assert "cheats" in draw_leash(0.3, 6)[0].axes[0].get_title(loc="left")
    assert "better replies" in draw_leash(1.0, 6)[0].axes[0].get_title(loc="left")
    assert "hardly moves" in draw_leash(10.0, 6)[0].axes[0].get_title(loc="left")


def test_the_explorer_follows_its_controls(opened):
    explorer, controls = opened(explore_leash)
    before = explorer.alt
    controls["β, how tight the leash is"].value = 0.1
    assert explorer.alt != before and "β 0.1" in explorer.alt


def test_only_the_replys_tokens_count_in_the_picture_of_a_loss():
    _, alt = draw_surprises(["a", "b", "c", "d"], [9.0, 1.0, 2.0], prompt_length=2)
    assert "over the reply is 1.50 nats, over everything 4.00" in " ".join(alt.split())


def test_the_picture_of_the_models_names_what_is_trained():
    _, alt = draw_models()
    assert "RLHF with PPO: policy, reference, reward model, value model" in alt
    assert "DPO: policy, reference;" in alt


def test_the_picture_of_a_dpo_run_says_which_way_the_chosen_replies_went():
    history = [
        {
            "step": step,
            "eval_logps/chosen": chosen,
            "eval_logps/rejected": -7 - step / 10,
            "eval_rewards/margins": step / 20,
        }
        for step, chosen in ((0, -8.0), (20, -7.5), (40, -9.5))
    ]
    fig, alt = draw_dpo_run(history)
    assert "less likely" in fig.get_suptitle()
    assert "from -8.0 to -9.5" in alt
    assert "from 0.00 to 2.00" in alt


def test_the_picture_of_the_voices_names_every_run_and_its_shares():
    runs = ("base", "SFT", "SFT, best only", "DPO")
    _, alt = draw_voices({name: VoiceScore(0.1 * place, 0.2, 0.3, ()) for place, name in enumerate(runs)})
    assert "SFT, best only: voice 20%, whole 20%, helpful 30%" in alt
