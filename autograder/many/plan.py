"""Find out what there is to grade: who handed something in, and what is graded already.

plan = make_plan(app, "lesson01_why_finetune")
plan.to_grade()
"""

import glob
import json
from dataclasses import dataclass, field
from pathlib import Path

from ..gradebook.preprocessors import JudgeCells
from ..gradebook.results import Results
from ..gradebook.writing import ClassApp
from ..judging.grading import Graded, Work, inputs_of
from ..submissions.intake import complete, refuse_links


@dataclass
class Plan:
    """The submissions of a lesson, by student."""

    notebook: str
    results: Results
    works: dict[str, Work] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    written: dict[str, Graded] = field(default_factory=dict)
    """What is in the gradebook and still holds."""
    stored: dict[str, Graded] = field(default_factory=dict)
    """What was graded, but has not reached the gradebook."""

    def to_grade(self) -> dict[str, Work]:
        """Return the work that is left, by key: equal submissions are graded once."""
        settled = self.written.keys() | self.stored.keys()
        return {self.keys[student]: work for student, work in self.works.items() if student not in settled}

    def students_of(self, key: str) -> list[str]:
        """List whom a result belongs to that workers have found."""
        settled = self.written.keys() | self.stored.keys()
        return [student for student in self.works if self.keys[student] == key and student not in settled]


def make_plan(app: ClassApp, lesson: str, student: str = "", force: bool = False) -> Plan:
    """Look through submitted/, make it fit for grading, and compare it with what is graded.

    Only `student`, when one is named. `force` takes nothing for graded. Raises `ValueError` where there is nothing.
    """
    folder = Path(app.coursedir.root)
    masters = sorted((folder / "source" / lesson).glob("*.ipynb"))
    if len(masters) != 1:
        known = ", ".join(sorted(path.name for path in (folder / "source").glob("*") if path.is_dir())) or "no lesson"
        raise ValueError(f"source/{lesson} holds {len(masters)} notebooks, and must hold one; source/ has {known}.")
    complete(folder, glob.escape(lesson))
    plan = Plan(masters[0].stem, Results(folder))
    judge_cells = JudgeCells(parent=app)
    excluded = app.coursedir.student_id_exclude.split(",")
    for submitted in sorted((folder / "submitted").glob(f"*/{glob.escape(lesson)}")):
        name = submitted.parent.name
        if not submitted.is_dir() or name in excluded or (student and name != student):
            continue
        refuse_links(submitted)
        work = plan.works[name] = judge_cells.work(plan.notebook, lesson, name)
        key = plan.keys[name] = inputs_of(work).key
        graded = None if force else plan.results.find(key)
        if graded and not graded.worth_another_try:
            is_written = graded_as(folder / "autograded" / name / lesson / masters[0].name) == key
            (plan.written if is_written else plan.stored)[name] = graded
    if not plan.works:
        whose = f"{student} has not" if student else "Nobody has"
        raise ValueError(f"{whose} submitted {lesson}: run `nbgrader collect {lesson}` (or zip_collect) first.")
    return plan


def graded_as(path: Path) -> str:
    """Return the key of the result that an autograded notebook shows; empty when there is none, or half of one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["metadata"]["autograder"]
        return found["key"] if found["judged"] is True else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""
