"""A class folder with a lesson that asks for code and for words, and what its people do with it."""

import csv
import json

import nbformat
import pytest
from classes import LESSON, SOURCE
from nbgrader.api import Gradebook

import course
from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook
from autograder.gradebook.classroom import fetch, nbgrader, submit
from autograder.gradebook.init import make_class_folder

PROSE = """
# %% why [markdown] points=4
# Why did you write `double` as you did?
#
# ### BEGIN SOLUTION
# Because twice is a sum.
# ### END SOLUTION
"""


class Class:
    """The class folder, with what the commands said on the way."""

    def __init__(self, root):
        self.folder, self.root = root / "class", root
        (root / "lessons" / LESSON).mkdir(parents=True)
        (root / "lessons" / LESSON / "lesson.py").write_text((SOURCE + PROSE).lstrip(), encoding="utf-8")
        (root / "lessons" / LESSON / "answers.py").touch()
        self.lesson = read_lesson(root / "lessons" / LESSON)
        self.archive = self.folder / "downloaded" / LESSON / "archive"
        make_class_folder(self.folder, root / "lessons")

    def notebook(self, why="Because I can add.", **answers):
        """Build a submission; `why` is the answer in words, None for no work at all."""
        if why is None:
            return learner_notebook(self.lesson)
        notebook = solution_notebook(self.lesson, answers)
        next(cell for cell in notebook.cells if cell.get("id") == "why").source = why
        return notebook

    def submit(self, student, notebook):
        """Submit as a learner does; bob alone fetches first, since nbgrader takes its seconds."""
        home = self.folder / "learners" / student / LESSON
        fetch(self.folder, student, LESSON) if student == "bob" else home.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, home / f"{LESSON}.ipynb")
        submit(self.folder, student, LESSON)

    def upload(self, name, notebook):
        nbformat.write(notebook, self.archive / name)

    def pack(self, student, notebook, name=None):
        """Call `course.hand_in` where the learner works, with a trained adapter beside the notebook."""
        home = self.root / "homes" / student
        (home / "adapter").mkdir(parents=True)
        (home / "adapter" / "adapter_config.json").write_text("{}")
        nbformat.write(notebook, home / f"{LESSON}.ipynb")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(home)
            patch.setattr("course.handing_in.find_lesson", lambda name: self.lesson)
            course.hand_in(student, LESSON).rename(self.archive / (name or f"{student}_{LESSON}.zip"))

    def nbgrader(self, command, *options):
        return nbgrader(self.folder, command, LESSON, *options)

    def collect_downloads(self):
        """Collect what was downloaded; return state and reason by the file's name."""
        self.said = self.nbgrader("zip_collect")
        record = json.loads((self.archive.parent / "collected.json").read_text(encoding="utf-8"))
        return {item["file"]: (item["state"], item["why"]) for item in record}

    def grades(self):
        """Export; return score and penalty by student."""
        nbgrader(self.folder, "export")
        with (self.folder / "grades.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {row["student_id"]: (float(row["score"]), float(row["late_submission_penalty"])) for row in rows}

    def points(self, student):
        """Return what each test and question brought: (by the judge, by hand, waits for a hand)."""
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            found = book.find_submission_notebook(LESSON, LESSON, student).grades
            return {grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in found}

    def grade_by_hand(self, student, points):
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            grade = book.find_grade("why", LESSON, LESSON, student)
            grade.manual_score, grade.needs_manual_grade = points, False
            book.db.commit()
