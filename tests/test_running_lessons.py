"""A learner who solved everything runs a lesson whole, training included, and meets no error and no warning."""

from pathlib import Path

import pytest
from nbclient import NotebookClient

from autograder.lesson import find_lessons, read_lesson
from autograder.notebooks import solution_notebook

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("folder", find_lessons(ROOT), ids=lambda folder: folder.name)
def test_a_solved_lesson_runs_from_top_to_bottom_without_a_warning(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path / "progress.json"))
    client = NotebookClient(
        solution_notebook(read_lesson(folder)),
        timeout=900,
        startup_timeout=300,
        iopub_timeout=120,  # default: 4 s, after which a cell's output, its verdict too, is dropped
        kernel_name="python3",
        skip_cells_with_tag="",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    notebook = client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    printed = "\n".join(output.text for output in outputs if output.get("name") == "stdout")
    tests = [
        cell.metadata.nbgrader.grade_id for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    missing = [test for test in tests if test not in printed]
    assert not missing, f"no verdict shown for {missing}"
