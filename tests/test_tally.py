"""What a run says: a sum that adds up, everybody who was not graded with the reason, and how to go on."""

import argparse
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from autograder.gradebook.writing import GradebookLost
from autograder.judging.grading import Graded, Inputs
from autograder.judging.verdict import FAILED, PASSED, UNGRADED, Verdict
from autograder.many import grade as command
from autograder.many.display import Display, show_tally
from autograder.many.plan import Plan
from autograder.many.tally import GRADED, PENDING, Line, Tally, line_of


def graded(state=PASSED, points=2.0, message="", isolation="sandbox"):
    return Graded(Inputs("s", "t", "v", "seed", isolation, "o"), (Verdict("test_a", state, points, 2.0, message),))


def shown(act, terminal=False):
    stream = io.StringIO()
    act(Console(file=stream, force_terminal=terminal, width=100, color_system=None))
    return stream.getvalue()


def test_the_sum_adds_up():
    tally = Tally("lesson90", dict.fromkeys(["ada", "bob", "cy", "dan"], Line(PENDING)))
    tally.add("ada", graded())
    tally.add("bob", graded(FAILED, 0.0))
    tally.add("cy", graded(UNGRADED, None, "cy.ipynb is a link."))
    assert tally.sentence == "4 collected = 2 graded + 1 not gradable + 1 pending"
    found = tally.as_dict()
    assert found["collected"] == found["graded"] + found["not_gradable"] + found["pending"]
    assert found["submissions"]["cy"] == {"state": UNGRADED, "score": 0, "maximum": 2, "reason": "cy.ipynb is a link."}
    json.dumps(found, allow_nan=False)


def test_a_line_sums_points_and_names_each_reason_once():
    verdicts = tuple(Verdict(f"test_{name}", UNGRADED, None, 1.0, "It died.") for name in "ab")
    assert line_of(Graded(graded().inputs, verdicts)) == Line(UNGRADED, 0.0, 2.0, "It died.")
    assert line_of(graded()).state == GRADED


def test_who_was_not_graded_is_listed_with_the_reason():
    tally = Tally("lesson90", {"ada": Line(GRADED, 2, 2), "[b]bob": Line(UNGRADED, 0, 2, "[red]is a link.")})
    tally.isolation, tally.unchanged = "none", 1
    text = shown(lambda console: show_tally(console, tally))
    assert "? [b]bob, could not be graded: [red]is a link." in text
    assert "2 collected = 1 graded + 1 not gradable + 0 pending (1 unchanged since before), without isolation" in text


def test_without_a_terminal_each_submission_is_a_line():
    def act(console):
        with Display(console, 2).showing() as display:
            display.add("ada", Line(GRADED, 1.5, 2))
            display.add("bob", Line(UNGRADED, 0, 2, "It died."))

    assert shown(act).splitlines() == ["1 of 2 · ada: 1.5 of 2 points", "2 of 2 · bob: could not be graded: It died."]


def test_a_terminal_shows_how_many_are_done_how_fast_and_what_failed():
    def act(console):
        with Display(console, 3).showing() as display:
            display.add("ada", Line(GRADED, 1.5, 2))
            display.add("bob", Line(UNGRADED, 0, 2, "It died."))

    text = shown(act, terminal=True)
    assert "2/3" in text and "a minute" in text and "1 not gradable" in text and "left" in text


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the command on stored results, with a gradebook that fails as told."""

    def run(failure, *options):
        stored = {"ada": graded(), "bob": graded()}
        plan = Plan("lesson90", None, dict.fromkeys(stored), dict.fromkeys(stored, "key"), {}, stored)

        class Writer:
            def __init__(self, *_):
                pass

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def waiting_for_a_human(self):
                return []

            def write(self, student):
                if student == "bob" and failure:
                    raise failure

        app = SimpleNamespace(config=SimpleNamespace(JudgeCells=SimpleNamespace()))
        monkeypatch.setattr(command, "open_class", lambda *_: app)
        monkeypatch.setattr(command, "make_plan", lambda *_: plan)
        monkeypatch.setattr(command, "Writer", Writer)
        parser = argparse.ArgumentParser()
        command.register(parser.add_subparsers())
        args = parser.parse_args(["grade", "lesson90", "--class", str(Path(tmp_path)), *options])
        return args.run(args), capsys.readouterr().out

    return run


def test_a_run_without_trouble_ends_with_nothing_pending(run):
    status, out = run(None)
    assert status == 0 and "2 graded + 0 not gradable + 0 pending" in out


@pytest.mark.parametrize(
    "failure, words",
    [
        (GradebookLost("The gradebook cannot be written to: server closed the connection"), "cannot be written to"),
        (GradebookLost("The gradebook cannot be written to: database or disk is full"), "disk is full"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
    ids=["lost server", "full database", "full disk"],
)
def test_a_run_that_cannot_go_on_says_why_and_how_to_resume(run, failure, words):
    status, out = run(failure)
    assert status == 2
    assert words in out and "1 graded + 0 not gradable + 1 pending" in out
    assert "the same command again" in out
    status, out = run(failure, "--json")
    assert words in json.loads(out)["stopped"]


def test_a_submission_that_cannot_be_written_stays_pending_and_the_others_are_written(run):
    status, out = run(ValueError("KeyError: 'odd'"))
    assert status == 1
    assert "? bob, pending: KeyError: 'odd'" in out and "1 graded" in out
