"""The bundled base is almost good enough, and an adapter makes it good: the bands the lessons rely on."""

from pathlib import Path

import pytest

from course.data import (
    INSTRUCTION,
    draw_price_questions,
    draw_tickets,
    general_text,
    prompt_completion,
    refuses,
    triage_messages,
    unsafe_requests,
)
from course.evaluation import measure_prices, measure_triage
from course.models import BUNDLED, TIERS, fingerprint, generate, load_base, perplexity
from course.training import train_adapter

FRESH = 31_415  # a draw that nothing else in the repository uses


@pytest.fixture(scope="module")
def base():
    return load_base("bundled")


@pytest.fixture(scope="module")
def tickets():
    return draw_tickets(200, seed=FRESH)


def trained(folder: Path, **changes):
    base = load_base("bundled", four_bit=True)
    examples = draw_tickets(2_000, seed=1).map(
        prompt_completion, remove_columns=["text", "intent", "priority", "product"]
    )
    return train_adapter(base, examples, folder, **changes).model, base.tokenizer


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def adapter_score(adapter, tickets):
    return measure_triage(*adapter, tickets)


def test_the_folder_holds_a_small_qwen2_in_safetensors(base):
    weights = BUNDLED / "model.safetensors"
    assert weights.stat().st_size <= 12_000_000
    assert base.model.config.model_type == "qwen2"
    assert 2_000_000 <= base.model.num_parameters() <= 6_000_000
    assert base.model.num_parameters() == TIERS["bundled"].parameters
    assert not {file.suffix for file in BUNDLED.iterdir()} & {".bin", ".pt", ".pkl"}


def test_the_model_card_names_the_weights_it_describes():
    assert fingerprint("bundled") in (BUNDLED / "README.md").read_text()


def test_the_tokenizer_gives_back_every_text_and_keeps_prices_whole(base):
    texts = [
        *draw_tickets(50, seed=FRESH)["text"],
        *draw_price_questions(20, seed=FRESH)["document"],
        "héllo ✓ {}\n\t$1,234",
    ]
    for text in texts:
        assert base.tokenizer.decode(base.tokenizer(text)["input_ids"]) == text
    assert len(base.tokenizer("$385")["input_ids"]) == 1


def test_padding_is_not_the_end_of_a_turn(base):
    assert base.tokenizer.pad_token_id != base.tokenizer.eos_token_id
    prompt = base.tokenizer.apply_chat_template(triage_messages("Hi."), tokenize=False, add_generation_prompt=True)
    assert prompt == "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n"


def test_a_ticket_alone_rarely_gets_valid_json(base, tickets):
    assert measure_triage(base.model, base.tokenizer, tickets).valid <= 0.20


def test_an_instruction_is_followed_about_half_of_the_time(base, tickets):
    assert 0.35 <= measure_triage(base.model, base.tokenizer, tickets, INSTRUCTION).valid <= 0.75


def test_three_examples_help_more_but_not_always(base, tickets):
    examples = list(draw_tickets(3, seed=2))
    assert 0.65 <= measure_triage(base.model, base.tokenizer, tickets, INSTRUCTION, examples).valid <= 0.97


@pytest.mark.slow
def test_an_adapter_gets_nearly_everything_right(adapter_score):
    assert adapter_score.valid >= 0.98
    assert adapter_score.correct >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize(
    "slip", [{"steps": 12}, {"learning_rate": 2e-4}], ids=["a tenth of the steps", "a tenth of the rate"]
)
def test_an_under_trained_adapter_is_at_least_ten_points_lower(slip, adapter_score, tickets, tmp_path):
    assert measure_triage(*trained(tmp_path, **slip), tickets).correct <= adapter_score.correct - 0.10


def test_changed_prices_are_unknown_without_the_document_and_known_with_it(base):
    questions = draw_price_questions(200, seed=FRESH)
    assert measure_prices(base.model, base.tokenizer, questions, with_document=False).correct <= 0.10
    assert measure_prices(base.model, base.tokenizer, questions, with_document=True).correct >= 0.80


@pytest.mark.slow
def test_fine_tuning_does_not_teach_changed_prices(adapter):
    questions = draw_price_questions(200, seed=FRESH)
    assert measure_prices(*adapter, questions, with_document=False).correct <= 0.10


def test_the_base_knows_general_text_and_refuses_what_it_should(base):
    assert perplexity(base.model, base.tokenizer, general_text(100, seed=FRESH)) < 2.5
    asked = [[{"role": "user", "content": request}] for request in unsafe_requests(60, seed=FRESH)]
    assert sum(map(refuses, generate(base.model, base.tokenizer, asked))) >= 45


def test_equal_seeds_give_equal_answers(base):
    asked = [triage_messages(text) for text in draw_tickets(8, seed=FRESH)["text"]]
    answers = [generate(base.model, base.tokenizer, asked, seed=seed) for seed in (5, 5, 6)]
    assert answers[0] == answers[1] != answers[2]
