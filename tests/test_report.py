"""The class report: what an instructor must see is there, and nothing that learners wrote is more than text."""

import re
from types import SimpleNamespace

import pytest

from autograder.judging.grading import Graded, Inputs
from autograder.judging.verdict import FAILED, NOT_ATTEMPTED, PASSED, UNGRADED, Verdict
from autograder.reporting.likeness import alike, shape
from autograder.reporting.report import Learner, render

EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>&"
LONG = """def triage(text):
    words = {word.strip('.,').lower() for word in text.split()}
    best, most = None, 0
    for intent, cues in CUES.items():
        hits = sum(1 for cue in cues if cue in words)
        if hits > most:
            best, most = intent, hits
    return {'intent': best, 'priority': 'high' if 'broken' in words else 'low'}
"""
RENAMED = (
    LONG.replace("words", "w")
    .replace("most", "top")
    .replace("hits", "n")
    .replace("    best", "    # mine!\n    best", 1)
)
OTHER = "def triage(text):\n    return min(CUES, key=lambda i: -sum(c in text for c in CUES[i])) if text else None\n"
RUNGS = [{"number": n, "name": f"Rung {n}", "state": "passed", "sentence": ""} for n in range(1, 6)]


def learner(name, state=PASSED, message="", answers=None, adapters=(), isolation="sandbox", **changes):
    points = {PASSED: 2.0, UNGRADED: None}.get(state, 0.0)
    inputs = Inputs("s", "t", "v", "seed", isolation, "o")
    graded = Graded(inputs, (Verdict("test_triage", state, points, 2.0, message),), adapters=tuple(adapters))
    return Learner(name, points or 0.0, 2.0, state == UNGRADED, graded, answers or {}, **changes)


def ladder(**figures):
    return {"rungs": RUNGS, "score": 0.9, "figures": figures, "folder": "adapter", "tier": "bundled", "note": ""}


def page(*learners, twins=()):
    return render("lesson90_tiny", list(learners), {"triage": "def triage(text):\n    return None"}, list(twins))


def text(html):
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*</style>", "", html)).split())


def test_it_shows_scores_failures_with_their_message_and_who_could_not_be_graded():
    shown = text(
        page(
            learner("ada"),
            learner("bob", FAILED, "Count every cue."),
            learner("cy", FAILED, "Count every cue."),
            learner("dan", NOT_ATTEMPTED),
            learner("eve", UNGRADED, "eve.ipynb is a link."),
        )
    )
    assert "5 submissions" in shown and "0.4 points on average" in shown and "1 not gradable" in shown
    assert "1 passed, 2 failed, 1 not attempted, 1 could not be graded" in shown
    assert "2 × Count every cue." in shown
    assert "eve eve.ipynb is a link." in shown
    assert "ada 2 of 2 test_triage passed" in shown


def test_it_shows_adapters_as_a_plot_and_in_numbers():
    fallen = ladder() | {"rungs": [*RUNGS[:2], {"number": 3, "name": "Tensors", "state": "failed", "sentence": "NaN."}]}
    html = page(
        learner("ada", adapters=[ladder(correct=0.94, perplexity_ratio=1.02)]),
        learner("bob", adapters=[ladder(correct=0.5, perplexity_ratio=1e9)]),
        learner("cy", FAILED, adapters=[fallen]),
    )
    assert html.count("<circle") == 2
    assert "ada: 94.0 % right, perplexity × 1.02" in html
    assert "Tensors: NaN." in text(html)
    assert not re.search(r"\b(nan|inf)\b", html)


def test_whatever_learners_wrote_is_only_text():
    answers = {"triage": LONG + f"# {EVIL}"}
    html = page(
        learner(EVIL, FAILED, EVIL, answers, [ladder(correct=0.5, perplexity_ratio=1.0)]),
        learner("bob", UNGRADED, EVIL, {"triage": RENAMED}),
        learner("cy"),
        twins=[SimpleNamespace(first=EVIL, second="bob", cosine=0.99, identical=True)],
    )
    assert "<script" not in html and "<img" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "equal, bit for bit" in html


def test_it_needs_no_network_and_runs_no_script():
    html = page(learner("ada", adapters=[ladder(correct=1.0, perplexity_ratio=1.0)]))
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=[\"'](?!#)|url\(|@import|https?://", html)
    assert "prefers-color-scheme: dark" in html and 'name="viewport"' in html


def test_results_without_isolation_are_named():
    assert "Graded without isolation: bob" in text(page(learner("ada"), learner("bob", isolation="none")))
    assert "Graded without isolation" not in page(learner("ada"))


def test_answers_that_differ_in_names_comments_and_layout_are_the_same():
    assert shape(LONG) == shape(RENAMED)
    assert shape("x = 1  # one") == shape("y  =  1") != shape("x = 2")
    assert shape("def f(:\n  x = 1 # a") == shape("def f(:\n  x = 1")


def others(count):
    return {f"s{number}": {"triage": f"def triage(text):\n    return {number}"} for number in range(count)}


def test_nearly_the_same_answers_are_found():
    answers = {
        "ada": {"triage": LONG},
        "bob": {"triage": RENAMED.replace("None, 0", "None, 1")},
        "cy": {"triage": OTHER},
    }
    (pair,) = alike(answers | others(9), {"triage": "def triage(text):\n    return None"})
    assert {pair.first, pair.second} == {"ada", "bob"} and 0.92 <= pair.share < 1


@pytest.mark.parametrize(
    "solution, answers",
    [
        (LONG, {"ada": LONG, "bob": RENAMED}),
        ("pass", {"ada": "def triage(text):\n    return 1", "bob": "def triage(t):\n    return 1"}),
        ("pass", dict.fromkeys(("ada", "bob", "cy", "dan"), LONG)),
    ],
    ids=["the lesson's own solution", "short answers", "what many wrote"],
)
def test_what_anybody_would_write_is_no_sign(solution, answers):
    assert alike({name: {"triage": source} for name, source in answers.items()}, {"triage": solution}) == []


def test_hostile_answers_do_not_stop_the_comparison():
    deep = "x = " + "(" * 5000 + ")" * 5000
    answers = {
        "ada": {"triage": deep},
        "bob": {"triage": "\x00"},
        "cy": {"triage": "x = '''"},
        "dan": {"triage": "1" * 9999},
    }
    alike(answers, {"triage": "pass"})


def test_a_big_class_is_compared_quickly():
    answers = {f"s{number}": {"triage": LONG + "    x = 1\n" * (number % 97)} for number in range(400)}
    alike(answers, {"triage": "pass"})
