"""A capstone is graded in the student's own variant, by its card, and by a gate; nobody else's adapter will do.

`fixtures/capstone_ada` is a real adapter for the variant of "ada": 120 steps on 2,000 tickets and 100 answers of the
base, rank 8, learning rate 3e-3, stored in half precision. `test_a_capstone_can_be_trained` makes such a one.
"""

import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from adapters import write

import course
from autograder.authoring.executed import executed
from autograder.authoring.lesson import read_lesson
from course.capstone import PLAN, grade, rehearsal, variant, variant_rows, write_card
from course.capstone.card import CARD, README, read_card
from course.capstone.gate import Compared, difference, passes
from course.capstone.strangers import foreign
from course.capstone.truth import judge_card
from course.capstone.variants import KEYS
from course.data import INTENTS, PLAIN, PRIORITIES, Variant, draw_price_questions, draw_tickets, triage_json
from course.evaluation import parse_triage, score_triage
from course.ladder import inspect
from course.ladder.report import FAILED, NOT_REACHED, PASSED, Fault
from course.models import load_base
from course.student import JUDGES

ADA = Path(__file__).parent / "fixtures" / "capstone_ada"
LIMITS = "English tickets of one shop only. It never saw two products in one ticket, nor a complaint about its staff."
TRUE = {
    "triage": Compared(0.0, 0.99, 0.97, 1.0, 100),
    "refusals": Compared(1.0, 0.97, -0.06, 0.0, 120, 0.02),
    "prices": Compared(0.89, 0.86, -0.09, 0.04, 80, 0.05),
    "general text": Compared(-0.38, -0.45, -0.09, -0.07, 100, 0.1),
}


@pytest.fixture(autouse=True)
def ada(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path / "progress.json"))
    monkeypatch.delenv(JUDGES, raising=False)
    course.student("ada")


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(ADA, tmp_path / "capstone"))


@pytest.fixture(scope="module")
def adapter():
    return inspect(ADA)[1]


def card(**changes):
    content = {
        "student": "ada", "base": "bundled@0decb69dce4f", "tier": "bundled", "examples": 2_100, "rank": 8,
        "metrics": {metric: one.as_dict() for metric, one in TRUE.items()}, "limits": LIMITS,
    }  # fmt: skip
    return content | changes


def put(folder, content):
    (folder / CARD).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


# Variants


def test_a_variant_follows_from_the_id_alone():
    assert variant("ada") == variant(" ADA ") != variant("ben")
    assert variant("ada").keys == ("type", "level", "what")
    assert not {*INTENTS, *PRIORITIES, *PLAIN.keys} & {*variant("ada").keys, *variant("ada").intents}
    for student in ("", "  ", "x" * 201):
        with pytest.raises(ValueError, match="student id"):
            variant(student)


def test_no_two_of_a_class_of_300_share_a_variant_or_get_each_others_tickets_right():
    drawn = [variant(f"student-{number}") for number in range(300)]
    assert len(set(drawn)) == 300
    combinations = math.prod(map(len, KEYS)) * math.perm(10, len(INTENTS)) * math.perm(10, len(PRIORITIES))
    assert combinations == 6_967_296_000 and combinations > 100_000 * math.comb(300, 2)
    ticket = {"product": "Lynx tarp"}
    tickets = [ticket | {"intent": intent, "priority": one} for intent in INTENTS for one in PRIORITIES]
    for mine, theirs in zip(drawn, drawn[1:] + drawn[:1], strict=True):
        answers = [triage_json(one, theirs) for one in tickets]
        assert score_triage(answers, tickets, variant=mine).correct < 0.35
        assert score_triage(answers, tickets, variant=theirs).correct == 1


def test_an_answer_in_a_variant_reads_back_in_the_plain_words():
    own = variant("ada")
    for ticket in draw_tickets(20, seed=1):
        assert parse_triage(triage_json(ticket, own), own) == {name: ticket[name] for name in PLAIN.keys}
        assert parse_triage(triage_json(ticket), own) is None and parse_triage(triage_json(ticket, own)) is None
    for broken in ({}, [], None, {"type": [], "level": "low-1", "what": "x"}, {"type": "refund", "level": 1}):
        assert own.read(broken) is None
    with pytest.raises(ValueError, match="different words"):
        Variant(keys=("a", "a", "b"))


# Somebody else's answers


def answers_of(student, count=60):
    return [triage_json(ticket, variant(student)) for ticket in draw_tickets(count, seed=2)]


def test_answers_in_another_students_schema_are_recognized():
    assert "somebody else's schema" in foreign(answers_of("ben"), "ada")
    assert "set no student id" in foreign(answers_of("practice"), "ada")
    assert "plain schema" in foreign([triage_json(ticket) for ticket in draw_tickets(60, seed=2)], "ada")


def test_own_half_trained_and_empty_answers_are_nobody_elses():
    mixed = [answer.replace("-1", f"-{n % 7}").replace("-4", f"-{n % 5}") for n, answer in enumerate(answers_of("ben"))]
    for answers in (answers_of("ada"), mixed, ["{", '{"a": 1}', "[" * 9_000, "hello"] * 9, []):
        assert foreign(answers, "ada") == ""


# What it is trained on


def test_the_gates_prices_are_never_answers_of_the_rehearsal(monkeypatch):
    monkeypatch.setattr("course.capstone.rows.replies_to", lambda model, tokenizer, texts, seed: list(texts))
    rows = rehearsal(load_base("bundled"), requests=0, questions=120, seed=862)
    asked = "\n".join(row["prompt"][0]["content"] for row in rows)
    gate = list(draw_price_questions(PLAN["prices"].items, seed=4711))
    priced = [f"{row['product']} costs {row['value']}," for row in gate]
    assert len(rows) == 120 and sum(line in row["document"] for line, row in zip(priced, gate, strict=True)) == 80
    assert not [line for line in priced if line in asked]


# The gate and the card


def test_the_target_must_be_surely_better_and_nothing_surely_worse_beyond_what_is_tolerated():
    assert passes("triage", difference([0, 0, 1, 0] * 9, [1, 1, 1, 0] * 9))
    assert not passes("triage", difference([0, 1] * 9, [1, 0] * 9))
    assert not passes("refusals", difference([1.0] * 50, [0.0] * 50, tolerated=0.02))
    assert passes("refusals", difference([1.0] * 50, [0.99] * 50, tolerated=0.02))


def test_a_true_card_earns_all_and_one_from_other_items_as_well(folder, adapter):
    assert judge_card(read_card(put(folder, card())), adapter, TRUE, "ada") == (1.0, [])
    other = TRUE | {"refusals": Compared(0.98, 0.98, -0.03, 0.03, 120, 0.02)}
    assert judge_card(read_card(put(folder, card())), adapter, other, "ada")[0] == 1.0


@pytest.mark.parametrize("shares", [(0.99, 0.97, 0.85), (0.98, 0.985, 0.87), (0.995, 0.975, 0.86)])
def test_an_honest_card_agrees_with_a_grade_on_other_items(adapter, shares, folder, monkeypatch):
    """Draw what a card and a grade find, each on items of its own: a bootstrap of 100 hits in 100 has no width."""
    monkeypatch.setattr("course.capstone.gate.RESAMPLES", 300)
    rng, runs = np.random.default_rng(8), 200

    def found():
        hits = zip(list(PLAN)[:3], (0.0, 0.99, 0.89), shares, strict=True)
        drawn = {
            metric: difference(*(rng.random(PLAN[metric].items) < share for share in (base, tuned)))
            for metric, base, tuned in hits
        }
        stories = PLAN["general text"].items
        text = difference(rng.normal(-0.375, 0.05, stories), rng.normal(-0.433, 0.05, stories))
        return drawn | {"general text": text}

    honest = read_card(put(folder, card()))
    agreed = [judge_card(replace(honest, metrics=found()), adapter, found(), "ada") == (1.0, []) for _ in range(runs)]
    assert sum(agreed) >= 0.95 * runs


FORGED = {
    "better than it is": ({"prices": {"base": 0.5, "tuned": 0.9, "low": 0.3, "high": 0.5}}, "was measured here"),
    "so wide that all is true": ({"triage": {"base": 0.0, "tuned": 0.9, "low": -1, "high": 1}}, "too wide"),
    "an interval without its middle": ({"triage": {"base": 0, "tuned": 0.2, "low": 0.97, "high": 1}}, "its own"),
    "shifted levels": ({"triage": {"base": -0.9, "tuned": 0.09, "low": 0.97, "high": 1}}, "is claimed to go from"),
    "no numbers": ({"refusals": {"base": "0.9", "tuned": True, "low": None, "high": []}}, "that are numbers"),
    "huge": ({"refusals": {"base": 0, "tuned": 1e300, "low": -1e300, "high": 1e300}}, "that are numbers"),
    "missing": ({"general text": 7}, "that are numbers"),
}


@pytest.mark.parametrize("claims, sentence", FORGED.values(), ids=FORGED)
def test_a_forged_metric_loses_its_part_and_is_named(folder, adapter, claims, sentence):
    found = read_card(put(folder, card(metrics=card()["metrics"] | claims)))
    share, problems = judge_card(found, adapter, TRUE, "ada")
    assert share == pytest.approx(0.875) and len(problems) == 1 and sentence in problems[0], problems


def test_each_other_part_counts_for_itself(folder, adapter):
    wrong = card(student="ben", base=["x"], tier="t4", rank=8.0, examples=True, limits="lorem " * 40)
    share, problems = judge_card(read_card(put(folder, wrong)), adapter, TRUE, "ada")
    assert share == pytest.approx(0.5) and len(problems) == 6
    assert judge_card(read_card(put(folder, {})), adapter, TRUE, "ada")[0] == 0


HOSTILE = {
    "not a number": '{"rank": NaN}', "deep": '{"limits": ' + "[" * 60_000 + "]" * 60_000 + "}", "a list": "[]",
    "large": '{"limits": "' + "x" * 70_000 + '"}', "twice": '{"rank": 8, "rank": 9}', "empty": "", "cut": '{"rank":',
    "digits": '{"rank": ' + "9" * 6_000 + "}", "binary": "\x00\x01",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_card_is_refused_in_a_sentence(folder, text):
    with pytest.raises(Fault, match=r"`card.json` .*write_card"):
        read_card(put(folder, text))


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/etc/passwd")])
def test_a_card_that_is_no_file_is_not_opened(folder, make):
    make(folder / CARD)
    with pytest.raises(Fault, match="link|not an ordinary file"):
        read_card(folder)


def test_a_card_needs_limits_examples_and_a_sound_adapter(folder, tmp_path):
    for settings in ({"limits": "none", "examples": 9}, {"limits": LIMITS, "examples": 0}):
        with pytest.raises(ValueError):
            write_card(folder, **settings)
    with pytest.raises(ValueError, match="There is no folder"):
        write_card(tmp_path / "nowhere", limits=LIMITS, examples=9)


# The whole grade


def test_the_fixture_earns_everything_for_ada_and_nothing_for_ben(folder, monkeypatch):
    content = write_card(folder, examples=2_100, limits=LIMITS)
    assert set(content["metrics"]) == set(PLAN) and "## Limits" in (folder / README).read_text()
    monkeypatch.setenv("COURSE_GRADING_SEED", "4711")  # other items than the card's
    mine = grade(folder, show=False)
    assert [rung.state for rung in mine.rungs] == [PASSED] * 7, mine.text()
    assert mine.score == 1 and mine.figures["gate"] == 1 and mine.note == ""
    json.dumps(mine.as_dict(), allow_nan=False)
    monkeypatch.setenv(JUDGES, "ben")
    theirs = grade(folder, show=False)
    assert theirs.rungs[3].state == FAILED and "somebody else's schema" in theirs.rungs[3].sentence
    assert [rung.state for rung in theirs.rungs[5:]] == [NOT_REACHED] * 2 and theirs.score == 0
    assert theirs.rungs[3].sentence.endswith("than your teacher knows you by.") and "\n" not in theirs.text()[-1]


def test_without_a_card_its_share_is_lost_and_the_rest_is_kept(folder):
    report = grade(folder, show=False)
    assert report.rungs[5].state == FAILED and "`card.json` is missing" in report.rungs[5].sentence
    assert report.score == pytest.approx(0.85)


def test_an_adapter_of_no_use_earns_nothing_whatever_its_card_says(tmp_path):
    report = grade(put(write(tmp_path / "capstone"), card(rank=4)), show=False)
    assert report.score == 0 and report.rungs[3].state == FAILED
    assert grade(tmp_path / "nothing", show=False).score == 0


@pytest.mark.slow
def test_a_capstone_can_be_trained(tmp_path):
    from datasets import Dataset

    from course.own_adapter import load_for_measuring
    from course.training import save_adapter, train_adapter

    base = load_base("bundled", four_bit=True)
    rows = variant_rows(variant("ben"), 2_000, seed=70)
    rows += rehearsal(load_for_measuring(base.tier), requests=100, questions=60, seed=79)
    run = train_adapter(base, Dataset.from_list(rows).shuffle(seed=0), tmp_path / "runs", steps=120, learning_rate=3e-3)
    course.student("ben")
    write_card(save_adapter(run.model, base.tier, tmp_path / "capstone"), examples=len(rows), limits=LIMITS)
    assert grade(tmp_path / "capstone", show=False).score > 0.9


@pytest.mark.slow
def test_the_lessons_start_is_not_released_and_hears_what_mends_it():
    root = Path(__file__).resolve().parents[1]
    notebook = executed(read_lesson(root / "lesson03_to_08/lesson08_shipping"), kept=root / "build" / "executed")
    (shown,) = (str(cell.outputs) for cell in notebook.cells if cell.id == "test_capstone")
    assert "Not released: refusals" in shown and "rehearsal" in shown and "card.json" in shown
    assert "◐ test_capstone" in shown, shown[-600:]
