"""Every lesson offers, near its end, to grade the whole notebook, with a line that works where the learner is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from classes import LESSON, notebook_of, write_lesson
from nbclient import NotebookClient
from test_lesson import change

from autograder.authoring.check_offer import check_offer
from autograder.authoring.lesson import find_lessons, read_lesson
from autograder.authoring.notebooks import learner_notebook

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("folder", find_lessons(ROOT), ids=lambda folder: folder.name)
def test_each_lesson_offers_it_once_right_after_the_knowledge_check(folder):
    cells = learner_notebook(read_lesson(folder)).cells
    (place,) = [place for place, cell in enumerate(cells) if cell["id"] == "check_offer"]
    assert "knowledge_check(" in cells[place - 1].source and cells[place].cell_type == "markdown"
    assert f"\n!autograder check {folder.name}.ipynb\n" in cells[place].source
    assert f"autograder check me_{folder.name}.zip" in cells[place].source


def test_a_lesson_without_a_knowledge_check_offers_it_at_its_end(tiny):
    ids = [cell["id"] for cell in learner_notebook(read_lesson(tiny)).cells]
    assert ids.index("check_offer") == len(ids) - 1


def test_only_where_an_adapter_is_graded_the_offer_speaks_of_one(lesson_copy):
    assert "adapter" not in check_offer(read_lesson(lesson_copy))
    change(lesson_copy, "# %% test_scaled_update points=3", "# %% test_adapter points=3")
    assert "It also grades the adapter that you saved beside it." in check_offer(read_lesson(lesson_copy))


@pytest.mark.skipif(not (ROOT / ".venv" / "bin" / "autograder").exists(), reason="the course is not in .venv")
def test_in_the_lab_that_make_starts_the_line_is_found(tmp_path):
    (tmp_path / "where.mk").write_text(
        f"include {ROOT / 'Makefile'}\nwhere: ; @command -v autograder; command -v jupyter\n"
    )
    environment = os.environ | {"PATH": "/usr/bin:/bin"}
    command = [shutil.which("make"), "-s", "-f", tmp_path / "where.mk", "where"]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert found.stdout.split() == [str(ROOT / ".venv" / "bin" / name) for name in ("autograder", "jupyter")]


@pytest.mark.slow
def test_the_line_grades_the_notebook_that_it_stands_in(tmp_path):
    lesson = read_lesson(write_lesson(tmp_path / "lessons"))
    notebook = notebook_of(lesson, {})
    nbformat.write(notebook, tmp_path / f"{LESSON}.ipynb")
    offer = next(cell.source for cell in notebook.cells if cell["id"] == "check_offer")
    (line,) = re.findall(r"^!.*$", offer, re.MULTILINE)
    added = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"{line} --root lessons --unsafe")])
    NotebookClient(added, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(output.text for output in added.cells[0].outputs)
    assert "5 of 5 points" in printed and "noted for the certificate" in printed
    assert (tmp_path / "progress.json").is_file()
