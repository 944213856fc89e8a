"""Make the classes that are graded: the same submissions, in a folder of each grader's own.

A learner's work differs from every other's (by a comment), as it does in a class: equal work is graded once.
"""

import os
import random
import shutil
import zipfile
from pathlib import Path

import nbformat

from autograder.authoring.lesson import Lesson, read_lesson
from autograder.authoring.notebooks import solution_notebook
from autograder.gradebook.classroom import hand_in, nbgrader
from autograder.gradebook.init import make_class_folder, write_source

LESSON = Path(__file__).resolve().parents[1] / "lesson03_to_08" / "lesson06_training"
LIGHT = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "lesson90_tiny"
TRAINED, BRIEFLY = 120, 12  # steps
STOCK = """c = get_config()
c.CourseDirectory.max_file_size = c.CourseDirectory.max_dir_size = 2_000_000
c.ExecutePreprocessor.timeout = 600
"""
OTTER_TEST = """OK_FORMAT = False
from otter.test_files import test_case

name = {name!r}
points = {points}

@test_case(points={points})
def {name}(env):
    exec({source!r}, env)
"""


def lesson_of(light: bool) -> Lesson:
    """Read the lesson that is graded: lesson 6, or a light one that needs no library."""
    return read_lesson(LIGHT if light else LESSON)


def our_class(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Path:
    """Make a class folder with submissions that wait to be graded by us."""
    make_class_folder(folder, lesson.folder.parent)
    return _hand_in_everybody(folder, lesson, students, adapter)


def stock_class(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Path:
    """Make the same class for nbgrader as it comes: hidden tests are put back and run in the learner's kernel."""
    folder.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
    write_source(lesson.folder, folder / "source" / lesson.name)
    return _hand_in_everybody(folder, lesson, students, adapter)


def otter_class(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Path:
    """Make the same class for Otter: an autograder.zip of the same tests, and a zip for each submission."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "autograder.zip", "w") as packed:
        packed.writestr("otter_config.json", "{}")
        for cell in lesson.cells:
            if cell.is_test:
                test = OTTER_TEST.format(name=cell.title, points=cell.points, source=cell.source)
                packed.writestr(f"tests/{cell.title}.py", test)
    for number in range(students):
        notebook = solution(lesson, number)
        notebook.cells = [cell for cell in notebook.cells if not cell.metadata.get("nbgrader", {}).get("grade")]
        with zipfile.ZipFile(folder / f"{student(number)}.zip", "w") as packed:
            packed.writestr(f"{lesson.name}.ipynb", nbformat.writes(notebook))
            for path in adapter.iterdir() if adapter else ():
                packed.write(path, f"adapter/{path.name}")
    return folder


def solution(lesson: Lesson, number: int) -> nbformat.NotebookNode:
    """Build one learner's submission."""
    notebook = solution_notebook(lesson)
    cell = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    cell.source += f"\n# by {student(number)}"
    return notebook


def student(number: int) -> str:
    """Name a learner."""
    return f"learner{number:04}"


def train(folder: Path, steps: int) -> Path:
    """Train the adapter that everybody hands in, unless it is there already, and return its folder."""
    adapter = folder / f"adapter-of-{steps}-steps"
    if adapter.is_dir():
        return adapter
    from course.data import draw_tickets, prompt_completion
    from course.models import load_base
    from course.training import save_adapter, train_adapter

    random.seed(0)
    base = load_base("bundled", four_bit=True)
    tickets = draw_tickets(steps * 16, seed=6).map(prompt_completion)
    run = train_adapter(base, tickets, folder / "runs", steps=steps)
    save_adapter(run.model, base.tier, folder / "draft")
    shutil.rmtree(folder / "runs", ignore_errors=True)
    os.replace(folder / "draft", adapter)
    return adapter


def _hand_in_everybody(folder: Path, lesson: Lesson, students: int, adapter: Path | None) -> Path:
    nbgrader(folder, "generate_assignment", lesson.name)
    for number in range(students):
        place = hand_in(folder, student(number), lesson.name, solution(lesson, number))
        if adapter:
            shutil.copytree(adapter, place / "adapter")
    return folder
