"""Write one page about a class and a lesson: `autograder report LESSON`.

Scores, the tests that fail and with which sentence, who could not be graded and why, what adapters do, and what looks
nearly the same and deserves a look. The page needs no network and runs no script.
"""

import argparse
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import is_solution
from rich.console import Console

from ..arguments import add_class, add_gradebook, add_lesson
from ..cells import key
from ..gradebook.results import Results, write_whole
from ..gradebook.writing import ClassApp, open_class
from ..judging.grading import Graded
from ..judging.verdict import FAILED, NOT_ATTEMPTED, PARTLY, PASSED, UNGRADED
from ..submissions.intake import read_master
from ..submissions.rebuild import EDITED
from . import charts, likeness

STATES = (PASSED, PARTLY, FAILED, NOT_ATTEMPTED, UNGRADED)
TENTHS = 10
MOST_PAIRS = 30  # pairs of answers that are shown in full


@dataclass
class Learner:
    """One learner's submission, as graded."""

    name: str
    score: float
    maximum: float
    needs_a_human: bool
    graded: Graded | None = None
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def ladder(self) -> dict | None:
        """Return the report on the last adapter that was climbed with."""
        return self.graded.adapters[-1] if self.graded and self.graded.adapters else None

    @property
    def reasons(self) -> list[str]:
        """Say why tests could not be graded."""
        found = self.graded.ungraded if self.graded else []
        return list(dict.fromkeys(verdict.message for verdict in found))


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("report", help="write a page about a class and a lesson", description=__doc__)
    add_lesson(parser)
    add_class(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: report-LESSON.html in the class folder")
    add_gradebook(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    app = open_class(args.folder, args.db)
    output = args.output or Path(app.coursedir.root) / f"report-{args.lesson}.html"
    write_whole(output, page(app, args.lesson))
    Console().print(f"{output} is written: open it in a browser.", soft_wrap=True, highlight=False)
    return 0


def page(app: ClassApp, lesson: str) -> str:
    """Render the report; raises `ValueError` when nothing is graded."""
    folder = Path(app.coursedir.root)
    learners = read_class(app, lesson)
    solutions = {key(cell): cell.source for cell in _master(folder, lesson).cells if is_solution(cell)}
    return render(lesson, learners, solutions, similar_adapters(folder, lesson, learners))


def render(lesson: str, learners: list[Learner], solutions: dict[str, str], twins: list) -> str:
    """Render the page; whatever learners wrote is escaped."""
    adapters = [learner for learner in learners if learner.ladder]
    pairs = likeness.alike({learner.name: learner.answers for learner in learners}, solutions)
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.jinja").render(
        lesson=lesson,
        written=datetime.now().strftime("%d %B %Y, %H:%M"),
        learners=learners,
        distribution=distribution(learners),
        tests=tests(learners),
        states=STATES,
        adapters=adapters,
        figures=figures(adapters),
        twins=twins,
        pairs=pairs[:MOST_PAIRS],
        left_out=max(len(pairs) - MOST_PAIRS, 0),
        answers={learner.name: learner.answers for learner in learners},
        shortest=likeness.SHORTEST,
        threshold=likeness.THRESHOLD,
        common=likeness.COMMON,
        unsafe=[one.name for one in learners if one.graded and one.graded.inputs.isolation == "none"],
    )


def read_class(app: ClassApp, lesson: str) -> list[Learner]:
    """Read scores from the gradebook, and verdicts and answers from what was graded."""
    folder = Path(app.coursedir.root)
    results, learners = Results(folder), []
    with Gradebook(app.coursedir.db_url, app.coursedir.course_id) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(lesson)
        except MissingEntry:
            submissions = []
        for submission in submissions:
            learner = Learner(
                submission.student.id, submission.score, submission.max_score, submission.needs_manual_grade
            )
            path = folder / "autograded" / learner.name / lesson / f"{lesson}.ipynb"
            if path.is_file():
                notebook = nbformat.read(path, as_version=4)
                learner.graded = results.find(notebook.metadata.get("autograder", {}).get("key", ""))
                learner.answers = {
                    key(cell): cell.source
                    for cell in notebook.cells
                    if is_solution(cell) and cell.metadata.get("autograder", {}).get("state") == EDITED
                }
            learners.append(learner)
    if not learners:
        raise ValueError(f"Nothing of {lesson} is graded yet: run `autograder grade {lesson}` first.")
    return sorted(learners, key=lambda learner: learner.name)


def distribution(learners: list[Learner]) -> object:
    """Draw how many learners have which share of the points."""
    counts = {f"{10 * tenth} to {10 * tenth + 10} %": 0 for tenth in range(TENTHS)}
    labels = list(counts)
    for learner in learners:
        share = learner.score / learner.maximum if learner.maximum else 0.0
        counts[labels[min(max(int(TENTHS * share), 0), TENTHS - 1)]] += 1
    return charts.bars(counts, "How many learners have which share of the points", "learners by share of the points")


def tests(learners: list[Learner]) -> list[dict]:
    """Sum up every test, those first that cost most learners points."""
    found: dict[str, dict] = {}
    for verdict in (verdict for learner in learners if learner.graded for verdict in learner.graded.verdicts):
        test = found.setdefault(verdict.test, {"name": verdict.test, "counts": Counter(), "messages": Counter()})
        test["counts"][verdict.state] += 1
        if verdict.state in (FAILED, PARTLY) and verdict.message:
            test["messages"][verdict.message] += 1
    for test in found.values():
        counts = {state: test["counts"][state] for state in STATES if test["counts"][state]}
        words = ", ".join(f"{count} {state}" for state, count in counts.items())
        test |= {
            "words": words,
            "bar": charts.stack(counts, words),
            "lost": sum(counts.values()) - counts.get(PASSED, 0),
        }
        test["messages"] = test["messages"].most_common(3)
    return sorted(found.values(), key=lambda test: (-test["lost"], test["name"]))


def figures(adapters: list[Learner]) -> object:
    """Draw what the adapters can do against what they have forgotten."""
    points = [
        (learner.name, learner.ladder["figures"]["correct"], learner.ladder["figures"]["perplexity_ratio"])
        for learner in adapters
        if "correct" in learner.ladder["figures"]
    ]
    title = "Each adapter: tickets triaged right, and perplexity on general text"
    if not points:
        return ""
    return charts.dots(
        points, title, "tickets triaged right", "perplexity on general text, as a multiple of the base's"
    )


def similar_adapters(folder: Path, lesson: str, learners: list[Learner]) -> list:
    """Compare the adapters of a class."""
    places = {}
    for learner in learners:
        found = sorted((folder / "autograded" / learner.name / lesson).rglob("adapter_config.json"))
        if found and learner.ladder:
            places[learner.name] = found[0].parent
    if len(places) < 2:
        return []
    from course.ladder import similar  # needs torch

    return similar(places)


def _master(folder: Path, lesson: str) -> nbformat.NotebookNode:
    try:
        return read_master(folder, lesson, lesson)
    except OSError:
        raise ValueError(f"{folder / 'source' / lesson} holds no {lesson}.ipynb.") from None
