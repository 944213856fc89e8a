"""Play a class from release to gradebook, on three lessons or on all there are: `autograder demo`."""

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .authoring.lesson import Lesson, find_lessons, grades_files, read_lesson
from .authoring.notebooks import write_notebooks
from .gradebook.classroom import fetch, grades, nbgrader, submit
from .gradebook.init import make_class_folder
from .players import STUDENTS, Expected, expected, play
from .sandbox.host import works_here

MARK = ".made-by-autograder-demo"
SOME = "lesson01_why_finetune", "lesson04_lora", "lesson06_training"  # words, matrices, and an adapter
NEXT = """
The class folder is [bold]{folder}[/]: feedback/ada/ holds what a learner reads, grades.csv the grades.
Open the course with [bold]make lab[/]."""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("demo", help="play a whole class", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="class folder to make (default: demo)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds the lessons (default: this one)")
    parser.add_argument("--all", action="store_true", help="play every lesson: this takes about three times as long")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the class and compare the gradebook with what it should hold; return 1 when they differ."""
    console, started = Console(), time.monotonic()
    _clear(args.folder)
    write_notebooks(args.root)
    make_class_folder(args.folder, args.root)
    (args.folder / MARK).touch()
    if not works_here():
        console.print("[yellow]![/] There is no sandbox here, so the class is graded without: see `autograder doctor`.")
        with (args.folder / "nbgrader_config.py").open("a", encoding="utf-8") as file:
            file.write("c.JudgeCells.unsafe = True  # noqa: F821\n")
    folder, lessons = args.folder.resolve(), [read_lesson(path) for path in find_lessons(args.root)]
    if not args.all:
        lessons = [lesson for lesson in lessons if lesson.name in SOME] or lessons
    with _progress(console, len(lessons) * (5 + 2 * len(STUDENTS)) + 1) as step:
        play_class(folder, lessons, step)
        step("exporting the grades")
        found = grades(folder)
    wanted = {(student, lesson.name): expected(lesson, student) for lesson in lessons for student in STUDENTS}
    console.print(_table([lesson.name for lesson in lessons], found, wanted))
    for lesson in filter(lambda lesson: lesson.adapter, lessons):
        for student in STUDENTS:
            console.print(f"[bold]{student}'s adapter[/] ({lesson.name})")
            console.print(adapter_report(folder, student, lesson), markup=False, highlight=False)
    wrong = [place for place, points in wanted.items() if found.get(place, (-1, 0))[0] not in points]
    for student, name in wrong:
        score = found.get((student, name), ("no score",))[0]
        console.print(f"[red]✘[/] {student}, {name}: {score}, and it should be {wanted[student, name]}.")
    if not wrong:
        console.print(f"[green]✔[/] all scores are as expected, after {time.monotonic() - started:.0f} s")
    console.print(NEXT.format(folder=args.folder))
    return 1 if wrong else 0


def play_class(folder: Path, lessons: list[Lesson], step: "Step") -> None:
    """Release every lesson, let every student work and submit, then collect, grade and write feedback."""
    for lesson in lessons:
        step(f"releasing {lesson.name}", 2)
        nbgrader(folder, "generate_assignment", lesson.name)
        nbgrader(folder, "release_assignment", lesson.name)
    for lesson in lessons:
        for student in STUDENTS:
            step(f"{student} works on {lesson.name}", 2)
            play(lesson, student, fetch(folder, student, lesson.name), step.detail)
            submit(folder, student, lesson.name)
    for lesson in lessons:
        for command, words in (
            ("collect", "collecting"),
            ("autograde", "grading"),
            ("generate_feedback", "feedback on"),
        ):
            step(f"{words} {lesson.name}")
            nbgrader(folder, command, lesson.name)


def adapter_report(folder: Path, student: str, lesson: Lesson) -> str:
    """Read from the graded notebook what the tests of a student's adapter printed."""
    path = folder / "autograded" / student / lesson.name / f"{lesson.name}.ipynb"
    texts = []
    for cell in nbformat.read(path, as_version=4).cells:
        if grades_files(cell.metadata.get("nbgrader", {}).get("grade_id", "")):
            texts += [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    return "\n".join(text.rstrip() for text in texts)


class Step:
    """Tell the progress bar what happens next."""

    def __init__(self, progress: Progress, total: int):
        self.progress, self.task = progress, progress.add_task("", total=total)
        self.weight, self.words = 0, ""

    def __call__(self, words: str, weight: int = 1) -> None:
        """Finish the step before, and begin this one."""
        self.progress.update(self.task, advance=self.weight, description=words)
        self.weight, self.words = weight, words

    def detail(self, words: str, done: int, total: int) -> None:
        """Show how far a long step is."""
        self.progress.update(self.task, description=f"{self.words}: {words}, {done} of {total}")


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Step]:
    columns = (BarColumn(bar_width=24), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        step = Step(progress, total)
        yield step
        step("done")


def _clear(folder: Path) -> None:
    if not folder.exists():
        return
    if not (folder / MARK).exists():
        raise ValueError(f"{folder} is there already and no demo made it; choose another with --folder.")
    shutil.rmtree(folder)


def _table(names: list[str], found: dict, wanted: dict[tuple[str, str], Expected]) -> Table:
    table = Table(title="The gradebook: score of maximum (what it should be)", title_justify="left")
    table.add_column("learner")
    for name in names:
        table.add_column(name, justify="right")
    for student in STUDENTS:
        cells = []
        for name in names:
            score, maximum = found.get((student, name), (float("nan"), float("nan")))
            colour = "green" if score in wanted[student, name] else "red"
            cells.append(f"[{colour}]{score:g}[/] of {maximum:g}  [dim]({wanted[student, name]})[/]")
        table.add_row(student, *cells)
    return table
