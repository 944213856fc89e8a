"""Adapters on the real base, and beside each other: nothing leaks, training shows, copies are found."""

import json

import pytest
import torch
from adapters import tensors, write

from course.ladder import climb, inspect, similar
from course.ladder.report import FAILED, NOT_REACHED, PASSED

# Originality


def test_copies_are_found_however_they_are_disguised(tmp_path):
    weights = tensors()
    turn = torch.linalg.qr(torch.randn(4, 4)).Q
    turned = {name: turn @ one if "lora_A" in name else one @ turn.T for name, one in weights.items()}
    scaled = {name: one * 3 if "lora_A" in name else one / 3 for name, one in weights.items()}
    noisy = {name: one + 1e-3 * torch.randn_like(one) for name, one in weights.items()}
    class_ = {
        "ada": write(tmp_path / "ada", weights),
        "ben": write(tmp_path / "ben", dict(reversed(weights.items())), lora_alpha=16),
        "cyd": write(tmp_path / "cyd", turned),
        "dee": write(tmp_path / "dee", scaled),
        "eva": write(tmp_path / "eva", noisy),
        "own": write(tmp_path / "own", tensors(seed=1)),
        "bad": tmp_path / "nothing",
    }
    pairs = similar(class_)
    assert {name for pair in pairs for name in (pair.first, pair.second)} == {"ada", "ben", "cyd", "dee", "eva"}
    assert len(pairs) == 10
    assert [(pair.first, pair.second) for pair in pairs if pair.identical] == [("ada", "ben")]
    assert pairs[0].identical and all(0.95 <= pair.cosine <= 1 for pair in pairs)


def test_the_cosine_is_that_of_the_updates_themselves(tmp_path):
    from course.ladder.originality import dot

    adapters = [inspect(write(tmp_path / str(seed), tensors(seed=seed)))[1] for seed in (0, 1)]
    first, second = (
        torch.cat(
            [(one.declared.scaling * u.b.double() @ u.a.double()).flatten() for _, u in sorted(one.updates.items())]
        )
        for one in adapters
    )
    assert dot(*adapters) == pytest.approx(float(first @ second))


# On the real base


@pytest.fixture(scope="module")
def base():
    from course.ladder.base import grader_base

    return grader_base("bundled")


def weights_of(model):
    """Return copies of all weights and of what belongs to their quantization, without asking for a state dict."""
    found = {}
    for name, weight in model.named_parameters():
        found[name] = weight.detach().clone()
        state = getattr(weight, "quant_state", None)
        if state is not None:
            found |= {f"{name} {key}": one.clone() for key, one in vars(state).items() if torch.is_tensor(one)}
    return found


@pytest.mark.slow
def test_nothing_of_one_adapter_is_left_for_the_next(tmp_path, base):
    from course.ladder.base import attached

    tokens = torch.arange(3, 40)[None]

    @torch.inference_mode()
    def answer(model):
        return model(tokens).logits.clone()

    bare, before = answer(base.model), weights_of(base.model)
    one, other = (
        inspect(write(tmp_path / str(n), tensors(rank, n, scale), r=rank))[1]
        for n, rank, scale in [(1, 4, 1), (2, 7, 9e8)]
    )
    with attached(base, one) as model:
        tuned = answer(model)
    with attached(base, other) as model:
        assert not torch.equal(answer(model), tuned)
    after = weights_of(base.model)
    assert after.keys() == before.keys() and all(torch.equal(after[name], before[name]) for name in before)
    assert torch.equal(answer(base.model), bare) and not torch.equal(tuned, bare)
    with attached(base, one) as model:
        assert torch.equal(answer(model), tuned)


@pytest.mark.slow
def test_an_adapter_that_overflows_scores_low_and_says_why(tmp_path, capsys, base):
    report = climb(write(tmp_path / "a", tensors(scale=1e18)))
    assert report.rungs[3].state == report.rungs[4].state == FAILED and report.score == 0
    assert "diverged" in report.rungs[3].sentence
    json.dumps(report.as_dict(), allow_nan=False)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of TRL and PEFT while they train
def test_a_trained_adapter_beats_an_under_trained_one(tmp_path, monkeypatch):
    from course.data import draw_tickets, prompt_completion
    from course.models import load_base
    from course.training import save_adapter, train_adapter

    monkeypatch.setenv("COURSE_GRADING_SEED", "987654321")
    data = draw_tickets(2000, seed=1).map(prompt_completion)
    reports = []
    for steps in (120, 12):
        trained = load_base("bundled", four_bit=True)
        run = train_adapter(trained, data, tmp_path / "runs", steps=steps)
        reports.append(climb(save_adapter(run.model, trained.tier, tmp_path / str(steps)), show=False))
    good, short = reports
    assert [rung.state for rung in good.rungs] == [PASSED] * 5 + [NOT_REACHED], good.text()
    assert good.figures["correct"] >= short.figures["correct"] + 0.10
    assert good.score > short.score + 0.05


@pytest.mark.slow
def test_the_unpacked_base_answers_as_the_4_bit_one_does(tmp_path, base):
    """On a CPU the grader unpacks its base and merges an adapter into it; PEFT on 4-bit weights says what is right."""
    from course.ladder.base import attached
    from course.models import load_base

    four_bit = load_base("bundled", four_bit=True)
    adapter = inspect(write(tmp_path / "a", tensors(rank=4, scale=0.5), r=4))[1]
    tokens = torch.arange(3, 40)[None]
    with torch.inference_mode():
        assert torch.allclose(base.model(tokens).logits, four_bit.model(tokens).logits, atol=1e-4)
        with attached(base, adapter) as ours, attached(four_bit, adapter) as theirs:
            found, expected = ours(tokens).logits, theirs(tokens).logits
    assert type(theirs) is not type(ours)
    assert torch.allclose(found, expected, atol=1e-3, rtol=1e-4)
    assert not torch.allclose(found, base.model(tokens).logits, atol=1e-2)
