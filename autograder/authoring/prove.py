"""Prove a lesson by its answers: right ones keep every point, wrong ones lose some: `autograder prove LESSON`.

Answers that look at nothing, the same value for every question, must earn nothing at all.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.console import Console
from rich.table import Table

from ..judging.judge import judge
from ..judging.learner import Learner
from ..judging.options import kernel_options
from ..judging.verdict import NOT_ATTEMPTED, UNGRADED, Verdict
from ..sandbox.host import works_here
from ..submissions.intake import copy_files
from ..submissions.rebuild import rebuild
from ..submissions.submission import read_submission
from .constants import CONSTANTS, constant_answers
from .lesson import Answer, Lesson, LessonError, find_lessons, grades_files, read_answers, read_lesson
from .notebooks import learner_notebook, solution_notebook, source_notebook
from .slicing import keep_exercise

PRACTICE_SEED = 20_260_101  # stands for a class's secret seed
CONSTANT = "constant"


@dataclass(frozen=True)
class Proof:
    """What grading one answer gave, and whether that is what it should give."""

    exercise: str
    kind: str
    reason: str
    verdicts: tuple[Verdict, ...]

    @property
    def points(self) -> float:
        """Sum the points."""
        return sum(verdict.points or 0.0 for verdict in self.verdicts)

    @property
    def maximum(self) -> float:
        """Sum the points that could be had."""
        return sum(verdict.maximum for verdict in self.verdicts)

    @property
    def message(self) -> str:
        """Say what the learner would read."""
        return "\n".join(dict.fromkeys(verdict.message for verdict in self.verdicts if verdict.message))

    @property
    def holds(self) -> bool:
        """Tell whether right answers keep all, wrong ones lose some with a message, and no others earn anything."""
        if any(verdict.state == UNGRADED for verdict in self.verdicts) or not self.maximum:
            return False
        if self.kind == "stub":
            return all(verdict.state == NOT_ATTEMPTED for verdict in self.verdicts)
        if self.kind == "wrong":
            return self.points < self.maximum and bool(self.message)
        return self.points == (0 if self.kind == CONSTANT else self.maximum)


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("prove", help="grade a lesson's right and wrong answers", description=__doc__)
    parser.add_argument("lesson", metavar="LESSON", help="a lesson's folder or name")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="answers (default: the lesson's answers.py)")
    parser.add_argument("--adapter", type=Path, metavar="DIR", help="also grade this adapter by the adapter tests")
    parser.add_argument("--student", default="", metavar="ID", help="whose adapter it is (default: nobody's)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds the lessons (default: this one)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prove a lesson and print a table; return 1 when something does not hold."""
    lesson = read_lesson(_find(args.lesson, args.root))
    answers = read_answers(args.answers or lesson.folder, lesson)
    if args.adapter and not args.adapter.is_dir():
        raise ValueError(f"{args.adapter} is no folder; give the one that PEFT saved the adapter in.")
    if args.adapter and not lesson.adapter:
        raise ValueError(f"{lesson.name} grades no adapter; leave --adapter out.")
    console = Console()
    proofs = []
    with console.status(f"proving {lesson.name} ...") as status:
        for proof in prove(lesson, answers, args.adapter, args.student):
            proofs.append(proof)
            count = len(answers) + len(CONSTANTS) + 2
            status.update(f"proving {lesson.name}: {len(proofs)} of {count} answers graded")
    console.print(_table(lesson, [proof for proof in proofs if proof.kind != CONSTANT]))
    broken = [proof for proof in proofs if not proof.holds]
    for proof in broken:
        console.print(f"[red]✘[/] {proof.exercise} ({proof.kind}: {proof.reason}) {_complaint(proof)}", highlight=False)
    if not broken:
        console.print(
            f"[green]✔[/] all {len(proofs)} answers earn what they should, {len(CONSTANTS)} constants among them"
        )
    return 1 if broken else 0


def prove(lesson: Lesson, answers: list[Answer], adapter: Path | None = None, student: str = "") -> Iterator[Proof]:
    """Grade the solution, the stub, constants and every answer, each in a fresh kernel; yield what came of it."""
    with tempfile.TemporaryDirectory(prefix="prove-") as scratch:
        folder = Path(scratch)
        copy_files(lesson.folder, folder, for_grading=True)
        for own in ("lesson.py", "answers.py"):
            (folder / own).unlink(missing_ok=True)
        if adapter:
            shutil.rmtree(folder / lesson.adapter, ignore_errors=True)
            copy_files(adapter, folder / lesson.adapter)
        whole = ("whole lesson", "solution", "everything solved"), ("whole lesson", "stub", "nothing solved")
        for what, notebook in zip(whole, (solution_notebook(lesson), learner_notebook(lesson)), strict=True):
            yield Proof(*what, grade(lesson, notebook, folder, None, bool(adapter) and what[1] == "solution", student))
        for value, sources in constant_answers(lesson):
            verdicts = grade(lesson, solution_notebook(lesson, sources), folder)
            yield Proof("whole lesson", CONSTANT, f"every function returns {value}", verdicts)
        for answer in answers:
            notebook = solution_notebook(lesson, {answer.exercise: answer.source})
            kind = "right" if answer.right else "wrong"
            yield Proof(answer.exercise, kind, answer.reason, grade(lesson, notebook, folder, answer.exercise))


def grade(
    lesson: Lesson,
    notebook: NotebookNode,
    folder: Path,
    exercise: str | None = None,
    with_files: bool = False,
    student: str = "",
) -> tuple[Verdict, ...]:
    """Grade a submission as a class folder would; of one exercise only, when it is named.

    Tests of files such as an adapter are left out, unless `with_files`.
    """
    with tempfile.TemporaryDirectory(prefix="prove-") as private:
        path = Path(private, f"{lesson.name}.ipynb")
        nbformat.write(notebook, path)
        rebuilt = rebuild(source_notebook(lesson), read_submission(path))
        path.unlink()
        if exercise:
            rebuilt = keep_exercise(rebuilt, exercise)
        if not with_files:
            cells = [cell for cell in rebuilt.cells if not _tests_files(cell)]
            rebuilt = NotebookNode(rebuilt, cells=cells)
        options = kernel_options(unsafe=not works_here(), call_timeout=10)
        return tuple(judge(rebuilt, partial(Learner, private, options), PRACTICE_SEED, folder, student).verdicts)


def _tests_files(cell: NotebookNode) -> bool:
    return grades_files(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _find(name: str, root: Path) -> Path:
    if (Path(name) / "lesson.py").is_file():
        return Path(name)
    lessons = {folder.name: folder for folder in find_lessons(root)}
    if Path(name).name not in lessons:
        known = ", ".join(lessons) or "no lesson"
        raise LessonError(f"{name} is no lesson; below {Path(root).resolve()} there is {known}.")
    return lessons[Path(name).name]


def _complaint(proof: Proof) -> str:
    if any(verdict.state == UNGRADED for verdict in proof.verdicts):
        return "could not be graded."
    if not proof.maximum:
        return "meets no test."
    if proof.kind == "wrong":
        return "keeps all its points." if proof.points == proof.maximum else "loses points without a message."
    if proof.kind == CONSTANT:
        return "earns points: " + ", ".join(verdict.test for verdict in proof.verdicts if verdict.points)
    return "is not simply 'not attempted'." if proof.kind == "stub" else "loses points."


def _table(lesson: Lesson, proofs: list[Proof]) -> Table:
    table = Table(title=f"{lesson.name}: what its answers earn", title_justify="left", show_lines=True)
    for name in ("answer", "", "reason", "points", "what the learner would read"):
        table.add_column(name, justify="right" if name == "points" else "left", overflow="fold")
    for proof in proofs:
        points = f"{proof.points:g} of {proof.maximum:g}"
        message = proof.verdicts[0].state if proof.kind == "stub" else proof.message
        colour = "green" if proof.holds else "red"
        cells = [_safe(text) for text in (proof.exercise, proof.kind, proof.reason, points, message)]
        table.add_row(cells[0], cells[1], cells[2], f"[{colour}]{cells[3]}[/]", cells[4])
    return table


def _safe(text: str) -> str:
    return text.replace("[", "\\[")
