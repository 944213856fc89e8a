"""A test cell speaks in sentences, in a real kernel, and nbgrader still counts it."""

from __future__ import annotations

import os
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.utils import determine_grade

from course.feedback import WIDTH, TestCell, fit, parse_test_cell, verdict

CELLS = {
    "install": "from course import feedback\nfeedback.install()\nfeedback.install();",
    "solution": "def double(x):\n    return x + 2\n\n"
    "def stub(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n\n"
    "def broken(x):\n    import json\n    return json.loads(x)['key']",
    "passes": "# test_double · 2 points\nassert double(2) == 4",
    "fails": "# test_double · 2 points\nassert double(3) == 6, 'Doubling adds x, not 2.'",
    "bare": "# test_double_bare · 1 point\nimport math\nassert (\n    double(5)\n    == 10\n)",
    "stub": "# test_stub · 1 point\nassert stub(1) == 1",
    "missing": "# test_absent · 1 point\nassert absent(1) == 1",
    "raises": "# test_broken · 1 point\nassert broken('{}') == 1",
    "library": "# test_broken · 1 point\nassert broken('{') == 1",
    "unusable": "# test_double_text · 1 point\nassert double(1, 2) == 3",
    "partial": "# test_ladder · 4 points\n1.5",
    "full": "# test_ladder · 4 points\n4",
    "syntax": "# test_double · 2 points\nassert (",
    "ordinary": "1 / 0",
    "ordinary assert": "assert 1 == 2, 'mine'",
    "ordinary syntax": "def (",
    "comment": "x = 1  # test_double",
    "asynchronous": "# test_wait · 1 point\nimport asyncio\n"
    "await asyncio.sleep(0)\nassert double(3) == 6, 'Wait and see.'",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    folder = str(tmp_path_factory.mktemp("kernel"))
    NotebookClient(notebook, allow_errors=True, timeout=120, resources={"metadata": {"path": folder}}).execute()
    return dict(zip(CELLS, notebook.cells, strict=True))


def text(cell) -> str:
    """Return what a learner reads under a cell, without terminal colours."""
    parts = []
    for output in cell.outputs:
        parts += output.traceback if output.output_type == "error" else [output.get("text", "")]
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(parts)).strip()


def points(cell, worth: float) -> float:
    metadata = {"grade": True, "solution": False, "points": worth}
    return determine_grade(nbformat.from_dict({**cell, "metadata": {"nbgrader": metadata}}))[0]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("passes", "✓ test_double passed (2 points)"),
        ("fails", "✗ test_double failed\nDoubling adds x, not 2."),
        ("bare", "✗ test_double_bare failed\nThis should be true, and is not: double(5) == 10"),
        (
            "stub",
            "✗ test_stub failed\n`stub` is not written yet: replace `raise NotImplementedError` with your\n"
            "solution, run that cell, then this one.",
        ),
        ("missing", "✗ test_absent failed\n`absent` does not exist yet: run the cell that defines it, then this one."),
        (
            "raises",
            "✗ test_broken failed\nYour code stopped with KeyError: 'key'\n"
            "In `broken`, line 10: return json.loads(x)['key']",
        ),
        ("partial", "◐ test_ladder: 1.5 of 4 points"),
        ("full", "✓ test_ladder passed (4 points)"),
        ("asynchronous", "✗ test_wait failed\nWait and see."),
        ("comment", ""),
    ],
)
def test_a_test_cell_says(ran, name, sentence):
    assert text(ran[name]) == sentence


def test_an_error_deep_in_a_library_shows_the_learners_own_line(ran):
    said = text(ran["library"])
    assert "Your code stopped with JSONDecodeError" in said
    assert said.endswith("In `broken`, line 10: return json.loads(x)['key']")
    assert "decoder.py" not in said


def test_an_answer_that_cannot_be_called_shows_the_tests_line(ran):
    assert text(ran["unusable"]) == (
        "✗ test_double_text failed\nThe test could not use your answer. TypeError: double() takes 1 positional\n"
        "argument but 2 were given\nThe test asked: assert double(1, 2) == 3"
    )


@pytest.mark.parametrize(
    "name", ["fails", "bare", "stub", "missing", "raises", "library", "unusable", "asynchronous", "syntax"]
)
def test_a_failure_stays_an_error_output_and_nbgrader_gives_no_points(ran, name):
    assert [output.output_type for output in ran[name].outputs] == ["error"]
    assert points(ran[name], 2) == 0


def test_nbgrader_gives_all_points_for_a_pass_and_part_for_a_number(ran):
    assert points(ran["passes"], 2) == 2
    assert points(ran["partial"], 4) == 1.5


def test_nothing_goes_to_stderr(ran):
    assert not [o for cell in ran.values() for o in cell.outputs if o.get("name") == "stderr"]


def test_ordinary_cells_keep_ipythons_tracebacks(ran):
    assert "Traceback (most recent call last)" in text(ran["ordinary"])
    assert "Traceback (most recent call last)" in text(ran["ordinary assert"])
    assert "SyntaxError" in text(ran["ordinary syntax"])
    assert "SyntaxError" in text(ran["syntax"])


def test_only_a_first_line_that_names_a_test_makes_a_test_cell():
    assert parse_test_cell("# test_double · 2.5 points\nassert True") == TestCell("test_double", "2.5")
    assert parse_test_cell("# test_double") == TestCell("test_double", None)
    assert parse_test_cell("# test_adapter · 1 point").points == "1"
    assert parse_test_cell("# test_double is what I call it") is None
    assert parse_test_cell("# double") is None
    assert parse_test_cell("") is None
    assert parse_test_cell(None) is None


def test_a_truth_value_is_not_partial_credit():
    assert verdict(TestCell("test_x", "2"), False) == "✓ test_x passed (2 points)"
    assert verdict(TestCell("test_x", "2"), 0) == "◐ test_x: 0 of 2 points"
    assert verdict(TestCell("test_x"), None) == "✓ test_x passed"


def test_long_sentences_break_between_words_and_keep_their_own_lines():
    sentence = "Every ticket counts once, " * 9
    assert all(len(line) <= WIDTH for line in fit(sentence).split("\n"))
    assert " ".join(fit(sentence).split()) == sentence.strip()
    assert fit("one\n\n  two") == "one\n\n  two"
