"""The shop's world is drawn by seed: the same everywhere, different for every seed, and labelled by one rule."""

import subprocess
import sys

import pytest

from course.data import (
    INTENTS,
    PRACTICE_SEED,
    PRIORITIES,
    draw_preferences,
    draw_price_questions,
    draw_replies,
    draw_tickets,
    general_text,
    grading_seed,
    price_list,
    priority_of,
    states,
    triage_json,
    triage_messages,
    voice_score,
)
from course.data.world import held_out
from course.evaluation import parse_triage, score_triage


def test_equal_seeds_draw_equal_tickets_in_any_process():
    code = "from course.data import draw_tickets; print(list(draw_tickets(20, seed=3)))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == str(list(draw_tickets(20, seed=3)))


def test_two_draws_of_a_thousand_share_almost_no_ticket():
    first, second = (set(draw_tickets(1_000, seed=seed)["text"]) for seed in (1, 2))
    assert len(first) > 950
    assert len(first & second) < 30


def test_labels_are_spread_over_every_intent_and_priority():
    tickets = draw_tickets(1_000, seed=1)
    for column, names in (("intent", INTENTS), ("priority", PRIORITIES)):
        counts = [tickets[column].count(name) for name in names]
        assert min(counts) > 0.5 * 1_000 / len(names), counts


def test_fresh_tickets_name_products_that_pre_training_never_saw():
    names = draw_tickets(500, seed=1)["product"]
    assert 0.1 < sum(map(held_out, names)) / len(names) < 0.3


@pytest.mark.parametrize(
    ("intent", "cues", "priority"),
    [
        ("defect", (), "normal"), ("advice", (), "low"), ("refund", ("relaxed",), "low"),
        ("refund", ("repeat",), "high"), ("advice", ("repeat",), "normal"),
        ("billing", ("repeat", "relaxed"), "normal"),
        ("advice", ("relaxed", "danger"), "high"), ("exchange", ("relaxed", "deadline"), "high"),
        ("advice", ("relaxed",), "low"),
    ],
)  # fmt: skip
def test_the_shop_has_one_rule_for_priorities(intent, cues, priority):
    assert priority_of(intent, cues) == priority


def test_every_price_of_this_year_differs_from_last_year():
    last, this = price_list(2025), price_list(2026)
    assert last.keys() == this.keys()
    assert all(last[name]["price"] != this[name]["price"] for name in this)


def test_the_document_of_a_price_question_holds_its_answer():
    for row in draw_price_questions(50, seed=1):
        assert f"{row['product']} costs {row['value']}" in row["document"]
        assert states(row["answer"], row["value"])
        assert not states("It costs $1 or so.", row["value"])


def test_the_voice_score_tells_the_two_voices_apart():
    replies = draw_replies(100, seed=1)
    assert [voice_score(text) for text in replies["brand"]] == [1.0] * 100
    assert [voice_score(text) for text in replies["plain"]] == [0.0] * 100


def test_preference_pairs_prefer_the_shops_voice():
    pair = draw_preferences(1, seed=1)[0]
    assert voice_score(pair["chosen"][0]["content"]) > voice_score(pair["rejected"][0]["content"])


def test_general_text_varies():
    assert len(set(general_text(200, seed=1))) > 190


def test_the_grading_seed_is_public_until_a_grader_sets_its_own(monkeypatch):
    monkeypatch.delenv("COURSE_GRADING_SEED", raising=False)
    assert grading_seed() == PRACTICE_SEED
    monkeypatch.setenv("COURSE_GRADING_SEED", "77")
    assert grading_seed() == 77


def test_solved_examples_come_before_the_ticket_and_the_instruction_first():
    examples = list(draw_tickets(2, seed=1))
    messages = triage_messages("Hello.", "Sort it.", examples)
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert messages[0]["content"] == f"Sort it.\n\n{examples[0]['text']}"
    assert messages[1]["content"] == triage_json(examples[0])
    assert messages[-1]["content"] == "Hello."


@pytest.mark.parametrize(
    "answer",
    ["", "refund", "[]", "1", "null", "NaN", '{"intent": "refund"}', "[" * 100_000,
     '{"intent": "refund", "priority": "urgent", "product": "x"}',
     '{"intent": "refund", "priority": "low", "product": 3}',
     'Here: {"intent": "refund", "priority": "low", "product": "x"}',
     '{"intent": "refund", "priority": "low", "product": "x", "note": "y"}'],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_an_answer_that_is_not_the_object_is_not_valid(answer):
    assert parse_triage(answer) is None


def test_an_invalid_answer_scores_nothing_and_a_right_one_everything():
    tickets = list(draw_tickets(4, seed=1))
    answers = [triage_json(ticket) for ticket in tickets[:3]] + ["?"]
    score = score_triage(answers, tickets)
    assert (score.valid, score.correct, score.product) == (0.75, 0.75, 0.75)
