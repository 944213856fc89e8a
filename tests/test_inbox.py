"""The mixed inbox: three kinds of message that no single word tells apart, and what the two adapters learn from it."""

import re
from collections import Counter
from itertools import product

import pytest

from course.data import price_list, states, voice_score
from course.data.desk import VOICE, price_lines, reply_rows, triage_rows
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


def split(rows):
    """Part rows into replies to problems and answers to questions."""
    prompts = [(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in rows]
    return [one for one in prompts if one[0].startswith(VOICE)], [
        one for one in prompts if not one[0].startswith(VOICE)
    ]


def test_an_answer_states_the_value_of_its_document_and_prices_are_invented():
    _, answers = split(reply_rows(120, seed=5))
    for prompt, answer in answers:
        price, months = re.search(r"costs (\$\d+), warranty (\d+) months", prompt).groups()
        assert states(answer, price) or states(answer, months)
    documents = [prompt.split("\n\n")[0] for prompt, _ in answers]
    assert len(set(documents)) > 0.9 * len(documents) > 50


def test_a_reply_to_a_problem_is_wholly_in_the_voice_and_has_no_document():
    replies, _ = split(reply_rows(90, seed=6))
    assert replies and all(voice_score(reply) > 0.99 and " costs $" not in prompt for prompt, reply in replies)


def test_the_learner_s_own_retriever_and_prompt_are_used():
    _, answers = split(
        reply_rows(30, seed=7, retrieve=lambda query, lines, k: [3], prompt=lambda text, lines: f"{lines}|{text}")
    )
    fourth = sorted(price_list(2026))[3]
    assert answers and all(prompt.startswith(f"['{fourth} costs") for prompt, _ in answers)


def test_a_message_that_needs_both_gives_two_rows():
    labels = Counter(row["label"] for row in draw_inbox(100, seed=9))
    assert len(reply_rows(100, seed=9)) == labels["facts"] + labels["triage"] + 2 * labels["both"]


@pytest.mark.parametrize("count", [1, 50])
def test_triage_rows_are_about_problems_only(count):
    assert len(triage_rows(count, seed=8)) == sum(row["label"] != "facts" for row in draw_inbox(count, seed=8))


def test_the_list_becomes_one_document_a_product():
    lines = price_lines(price_list(2027))
    assert len(lines) == 48 and all(line.startswith(name) for line, name in zip(lines, price_list(2027), strict=True))
