"""The grader's own loop answers as transformers' `generate` does, only sooner."""

from unittest import mock

import pytest
import torch
from adapters import tensors, write

from course.data import draw_price_questions, draw_tickets, unsafe_requests
from course.ladder import decoding, inspect

pytestmark = pytest.mark.slow
LONGEST = 48


@pytest.fixture(scope="module")
def base():
    from course.ladder.base import grader_base

    return grader_base("bundled")


@pytest.fixture(scope="module")
def asked(base):
    """Return conversations of many lengths, and their prompts' tokens."""
    texts = [ticket["text"] for ticket in draw_tickets(20, seed=4)] + unsafe_requests(10, seed=4)
    texts += [row["question"] for row in draw_price_questions(20, seed=4)] + ["Hi.", "How much is the Lynx tarp? " * 12]
    turns = [[{"role": "user", "content": text}] for text in texts]
    return turns, decoding.prompts_of(base.tokenizer, turns)


def test_the_likeliest_answers_are_those_of_generate(base, asked):
    from course.models import generate

    turns, prompts = asked
    found = decoding.decode(base.model, prompts, LONGEST, temperature=0, seed=0)
    texts = [text.strip() for text in base.tokenizer.batch_decode(found, skip_special_tokens=True)]
    assert texts == generate(base.model, base.tokenizer, turns, LONGEST, temperature=0)
    assert len({len(answer) for answer in found}) >= 4, "answers that end at one moment test too little"


def test_drafts_change_nothing_but_the_time(base, asked):
    _, prompts = asked
    plain = decoding.decode(base.model, prompts, LONGEST, temperature=0, seed=0)
    last, cut = len(prompts) - 1, 5
    drafts = [answer[: number % 30] for number, answer in enumerate(plain)]  # right, as far as they go
    drafts[::3] = [answer[:cut] + [7] * number for number, answer in enumerate(plain[::3])]  # wrong from there on
    drafts[1::3] = [[] for _ in drafts[1::3]]
    drafts[last] = plain[last - 1] + plain[last]  # longer than an answer may be
    drafts = [[token for token in draft if token != base.tokenizer.eos_token_id] for draft in drafts]
    assert decoding.decode(base.model, prompts, LONGEST, temperature=0, seed=0, drafts=drafts) == plain


def test_drafts_make_no_token_likelier(base, asked):
    """Draw the first two tokens to one prompt many times, with a draft that is likely and without one."""
    prompt, count = asked[1][0], 1500
    (likely,) = decoding.decode(base.model, [prompt], 2, temperature=0, seed=0)

    def shares(drafts):
        found = decoding.decode(base.model, [prompt] * count, 2, temperature=1.0, seed=8, drafts=drafts)
        second = [answer[1] for answer in found if answer[0] == likely[0]]
        return len(second) / count, sum(token == likely[1] for token in second) / len(second)

    for with_draft, without in zip(shares([likely[:1]] * count), shares(None), strict=True):
        assert with_draft == pytest.approx(without, abs=0.075)  # four standard errors of a difference of halves


def test_drawn_answers_repeat_with_their_seed_only(base, asked):
    _, prompts = asked
    first, again, other = (decoding.decode(base.model, prompts, LONGEST, 1.0, seed) for seed in (5, 5, 6))
    assert first == again != other


def test_a_model_that_never_stops_is_stopped(base, asked):
    _, prompts = asked
    with mock.patch.object(base.model.generation_config, "eos_token_id", [base.model.config.vocab_size]):
        found = decoding.decode(base.model, prompts, LONGEST, temperature=1.0, seed=0)
    assert {len(answer) for answer in found} == {LONGEST}


def test_tokens_are_drawn_as_often_as_they_are_likely():
    logits = torch.tensor([2.0, -torch.inf, 0.0, 1.0, -1.0])
    drawn = decoding._choose(logits.repeat(20_000, 1), 1.0, torch.Generator().manual_seed(1))
    shares = torch.bincount(drawn, minlength=5) / 20_000
    assert shares[1] == 0
    assert torch.allclose(shares, logits.softmax(-1), atol=0.015)  # four standard errors of a share of one half


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_logits_that_are_no_numbers_give_tokens_all_the_same(temperature):
    logits = torch.tensor([[torch.nan] * 4, [torch.inf] * 4, [-torch.inf] * 4, [torch.inf, torch.nan, 0, -torch.inf]])
    tokens = decoding._choose(logits, temperature, torch.Generator().manual_seed(1))
    assert tokens.shape == (4,) and ((tokens >= 0) & (tokens < 4)).all() and tokens[3] == 0


def test_an_adapter_whose_logits_are_no_numbers_is_answered_for(tmp_path, base, asked):
    from course.ladder.base import attached

    adapter = inspect(write(tmp_path / "a", tensors(scale=1e18)))[1]
    with attached(base, adapter) as model:
        found = decoding.decode(model, asked[1], LONGEST, temperature=1.0, seed=0)
    assert len(found) == len(asked[1]) and all(1 <= len(answer) <= LONGEST for answer in found)
