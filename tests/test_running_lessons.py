"""A learner who solved everything runs a lesson whole, training included, and meets no error and no warning."""

from pathlib import Path

import pytest

from autograder.authoring.executed import executed
from autograder.authoring.lesson import find_lessons, read_lesson

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("folder", find_lessons(ROOT), ids=lambda folder: folder.name)
def test_a_solved_lesson_runs_from_top_to_bottom_without_a_warning(folder):
    notebook = executed(read_lesson(folder), kept=ROOT / "build" / "executed")
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    printed = "\n".join(output.text for output in outputs if output.get("name") == "stdout")
    tests = [
        cell.metadata.nbgrader.grade_id for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    missing = [test for test in tests if test not in printed]
    assert not missing, f"no verdict shown for {missing}"
