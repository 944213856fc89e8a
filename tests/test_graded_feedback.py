"""The feedback page: every test with its points, state and sentence, an adapter's rungs, and nobody else's secrets."""

import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from autograder.gradebook.feedback import show_verdicts
from autograder.judging.grading import Graded, Inputs
from autograder.judging.verdict import FAILED, NOT_ATTEMPTED, PARTLY, PASSED, UNGRADED, Verdict

LADDER = {
    "rungs": [
        {"number": 1, "name": "Files", "state": "passed", "sentence": "4 tensors."},
        {"number": 4, "name": "Behaviour", "state": "failed", "sentence": "Weakest is the `priority` | see *rule 2*."},
        {"number": 5, "name": "Forgetting", "state": "not reached", "sentence": ""},
    ],
    "figures": {"valid": 1.0, "intent": 0.97, "priority": 0.5, "product": 0.99, "correct": 0.48, "tickets": 200,
                "perplexity": 5.123, "base_perplexity": 4.6, "perplexity_ratio": 1.11, "seconds": 3.0},
    "score": 0.4,
}  # fmt: skip
VERDICTS = (
    Verdict("test_a", PASSED, 2.0, 2.0),
    Verdict("test_b", PARTLY, 1.0, 2.0, "One of two is right.", "one of two\nprinted by the test"),
    Verdict("test_c", FAILED, 0.0, 2.0, "<script>alert(1)</script> | `x` *y*"),
    Verdict("test_d", NOT_ATTEMPTED, 0.0, 2.0, "`d` is not solved yet."),
    Verdict("test_e", UNGRADED, None, 2.0, "The kernel did not start."),
)


def shown(verdicts=VERDICTS, isolation="sandbox", adapters=(), **metadata):
    """Render the page as nbgrader does, from what a submission's grading gave."""
    cells = []
    for verdict in verdicts:
        nbgrader = {"grade_id": verdict.test, "grade": True, "solution": False, "locked": True, "points": 2}
        cells.append(new_code_cell("assert True", metadata={"nbgrader": nbgrader}))
    inputs = Inputs("submission-hash", "tests-hash", "versions", "seed-hash", isolation, "options")
    notebook = new_notebook(cells=cells, metadata={"autograder": metadata})
    notebook = show_verdicts(notebook, Graded(inputs, tuple(verdicts), {}, tuple(adapters)))
    nbformat.validate(notebook)
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    return html, " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_each_test_has_its_state_points_and_sentence():
    _, text = shown()
    for words in (
        "test_a ✔ passed · 2 of 2 points",
        "test_b ◐ partly passed · 1 of 2 points One of two is right.",
        "test_d ○ not attempted · 0 of 2 points",
        "test_e ? could not be graded The kernel did not start.",
        "printed by the test",
    ):
        assert words in text


def test_what_a_learner_made_a_test_say_is_only_text():
    html, _ = shown()
    assert "<script>alert" not in html


def test_an_adapters_rungs_and_figures_are_shown():
    _, text = shown(adapters=[LADDER])
    assert "1 · Files passed 4 tensors." in text
    assert "4 · Behaviour failed Weakest is the `priority` | see *rule 2*." in text
    assert "5 · Forgetting not reached" in text
    assert "Of 200 tickets: valid JSON 100.0 %, intent right 97.0 %" in text and "all three right 48.0 %" in text
    assert "Perplexity on general text: 5.12; the base's: 4.6." in text.replace("&#39;", "'").replace("’", "'")


def test_an_adapter_that_was_not_measured_has_rungs_only():
    _, text = shown(adapters=[LADDER | {"figures": {}}])
    assert "1 · Files passed" in text and "Perplexity" not in text


@pytest.mark.parametrize("isolation, is_said", [("none", True), ("sandbox", False)])
def test_grading_without_isolation_is_said(isolation, is_said):
    _, text = shown(isolation=isolation)
    assert ("This was graded without isolation." in text) == is_said


def test_notes_on_the_submission_are_shown_and_no_hash_of_it():
    _, text = shown(notes=["The cell `a` is missing."], problem="")
    assert "The cell `a` is missing." in text
    assert "-hash" not in text
