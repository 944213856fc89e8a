"""The mixed inbox: three kinds of message that no single word tells apart, and what the two adapters learn from it."""

import re
from collections import Counter
from itertools import product

import pytest

from course.data import price_list, states, voice_score
from course.data.desk import TASKS, price_lines, reply_rows, triage_rows
from course.data.inbox import LABELS, draw_inbox

ROWS = list(draw_inbox(900, seed=1))


def test_equal_seeds_draw_equal_messages_and_others_differ():
    assert list(draw_inbox(20, seed=1)) == ROWS[:20] != list(draw_inbox(20, seed=2))


def test_each_label_is_about_a_third():
    counts = Counter(row["label"] for row in ROWS)
    assert set(counts) == set(LABELS)
    assert all(0.28 < count / len(ROWS) < 0.39 for count in counts.values())


def test_every_message_names_its_product_and_has_the_fields_of_its_label():
    for row in ROWS:
        assert row["product"].lower() in row["text"].lower()
        assert bool(row["intent"]) == bool(row["priority"]) == (row["label"] != "facts")
        assert bool(row["field"]) == bool(row["value"]) == (row["label"] != "triage")


def test_values_are_those_of_the_year():
    asked = [row for row in draw_inbox(100, seed=3, year=2027) if row["field"]]
    assert all(row["value"] == price_list(2027)[row["product"]][row["field"]] for row in asked)
    assert all(row["value"] != price_list(2026)[row["product"]][row["field"]] for row in asked)


def test_no_single_word_tells_the_labels_apart():
    words = [set(re.findall(r"[a-z?]+", row["text"].lower())) for row in ROWS]
    common = [word for word, count in Counter(word for one in words for word in one).items() if count > 40]
    best = max(
        sum((yes if word in one else no) == row["label"] for one, row in zip(words, ROWS, strict=True))
        for word in common
        for yes, no in product(LABELS, repeat=2)
    )
    assert best / len(ROWS) < 0.6


def test_a_small_classifier_learns_to_route():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    many = draw_inbox(1_500, seed=4)
    router = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000)).fit(many["text"], many["label"])
    assert router.score([row["text"] for row in ROWS], [row["label"] for row in ROWS]) > 0.95


def test_a_reply_states_the_value_of_its_document_and_prices_are_invented():
    rows = reply_rows(120, seed=5)
    facts = [row for row in rows if not row["prompt"][0]["content"].startswith(TASKS["triage"])]
    prices = set()
    for row in facts:
        document = row["prompt"][0]["content"].split("\n\n")[0]
        price, months = re.search(r"costs (\$\d+), warranty (\d+) months", document).groups()
        reply = row["completion"][0]["content"]
        assert states(reply, price) or states(reply, months)
        prices.add(document)
    assert len(prices) > 0.9 * len(facts)


def test_a_reply_to_a_problem_is_wholly_in_the_voice():
    rows = [row for row in reply_rows(90, seed=6) if row["prompt"][0]["content"].startswith(TASKS["triage"])]
    assert rows and all(voice_score(row["completion"][0]["content"]) > 0.99 for row in rows)


def test_the_learner_s_own_retriever_and_prompt_are_used():
    rows = reply_rows(
        30,
        seed=7,
        retrieve=lambda query, documents, k: [3],
        prompt=lambda question, documents: f"{documents}|{question}",
    )
    fourth = sorted(price_list(2026))[3]
    assert all(row["prompt"][0]["content"].startswith(("[]|", f"['{fourth} costs")) for row in rows)


@pytest.mark.parametrize("count", [1, 50])
def test_triage_rows_are_about_problems_only(count):
    assert len(triage_rows(count, seed=8)) == sum(row["label"] != "facts" for row in draw_inbox(count, seed=8))


def test_the_list_becomes_one_document_a_product():
    lines = price_lines(price_list(2027))
    assert len(lines) == 48 and all(line.startswith(name) for line, name in zip(lines, price_list(2027), strict=True))
