"""The desk sends each part of a message where it belongs, and counts what was done right."""

import pytest

from course.data import price_list, triage_json
from course.data.desk import price_lines, reply_request
from course.data.inbox import draw_inbox
from course.data.prices import answer
from course.data.replies import brand_reply
from course.hybrid import Desk, Handled, jobs_right, joined, load_desk, problem_in, question_in

LINES = price_lines(price_list(2027))


def test_the_question_is_cut_out_of_a_message():
    text = "My Lynx tarp broke. How do I clean it? What does the Lynx tarp cost?"
    assert question_in(text) == "What does the Lynx tarp cost?"
    assert problem_in(text) == "My Lynx tarp broke. How do I clean it?"
    assert question_in("Where is my parcel?") == "Where is my parcel?" == problem_in("Where is my parcel?")


@pytest.mark.parametrize("label", ["triage", "facts", "both"])
def test_a_perfect_answer_does_all_that_a_message_needs(label):
    import random

    row = next(row for row in draw_inbox(40, seed=1) if row["label"] == label)
    triage = triage_json(row) if row["intent"] else ""
    fact = answer(row["product"], row["field"], {row["field"]: row["value"]}) if row["field"] else ""
    perfect = joined(brand_reply(row, random.Random(1)) if row["intent"] else "", fact)
    done = jobs_right(row, Handled(label, (), triage, perfect))
    assert (
        set(done) == {"triage": {"triage", "voice"}, "facts": {"prices"}, "both": {"triage", "voice", "prices"}}[label]
    )
    assert all(done.values())


def test_what_is_wrong_or_missing_does_not_count():
    row = next(row for row in draw_inbox(40, seed=2) if row["label"] == "both")
    done = jobs_right(row, Handled("facts", (), "", "Dear customer, it costs $1. Sincerely, customer service"))
    assert done == {"triage": False, "voice": False, "prices": False}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    from peft import get_peft_model

    from course.models import TIERS
    from course.own_adapter import load_for_measuring
    from course.training import lora, save_adapter

    folders, tier = [], TIERS["bundled"]
    for name in ("triage", "reply"):  # fresh adapters change nothing: B is zero
        folder = tmp_path_factory.mktemp(name)
        folders.append(save_adapter(get_peft_model(load_for_measuring(tier).model, lora(4)), tier, folder))
    return load_desk(tier, *folders)


@pytest.mark.slow
def test_each_part_of_a_message_goes_where_it_belongs(base, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "course.hybrid.generate",
        lambda model, tokenizer, turns, adapters, **settings: (
            asked.extend(zip(adapters, (turn[0]["content"] for turn in turns), strict=True))
            or ["an answer"] * len(turns)
        ),
    )
    routes = {"a problem": "triage", "a question": "facts", "a problem and a question": "both"}
    desk = Desk(
        base.model, base.tokenizer, LINES, routes.get, lambda query, lines, k: [2], lambda q, d: "\n".join([*d, q])
    )
    done = desk.handle(list(routes))
    assert [one.route for one in done] == list(routes.values())
    assert [len(one.documents) for one in done] == [0, 1, 1]
    assert [bool(one.triage) for one in done] == [True, False, True]
    assert asked == [
        ("triage", "a problem"),
        ("triage", "a problem and a question"),
        ("reply", reply_request("a problem")),
        ("reply", reply_request("a problem and a question")),
        ("reply", f"{LINES[2]}\na question"),
        ("reply", f"{LINES[2]}\na problem and a question"),
    ]
    assert done[2].prompts == (reply_request("a problem and a question"), f"{LINES[2]}\na problem and a question")


def test_a_fact_stands_before_the_sign_off():
    assert joined("Howdy! We'll swap it. Stay wild, Juniper", "It costs $5.") == (
        "Howdy! We'll swap it. It costs $5. Stay wild, Juniper"
    )
    assert joined("", "It costs $5.") == "It costs $5." == joined("It costs $5.", "")


@pytest.mark.slow
def test_the_base_answers_for_an_adapter_that_changes_nothing(base):
    messages = [row["text"] for row in draw_inbox(6, seed=3, year=2027)]
    settings = dict(route=lambda text: "triage", retrieve=lambda q, d, k: [0], prompt=lambda q, d: q)
    with_fresh = Desk(base.model, base.tokenizer, LINES, **settings).handle(messages)
    without = Desk(base.model, base.tokenizer, LINES, **settings, with_adapters=False).handle(messages)
    assert [one.reply for one in with_fresh] == [one.reply for one in without]


@pytest.mark.slow
def test_one_batch_may_mix_adapters(base):
    from course.models import generate

    turns = [[{"role": "user", "content": row["text"]}] for row in draw_inbox(6, seed=4)]
    names = ["triage", "reply", "__base__"] * 2
    mixed = generate(base.model, base.tokenizer, turns, temperature=0, adapters=names)
    with base.model.disable_adapter():
        assert mixed == generate(base.model, base.tokenizer, turns, temperature=0)
