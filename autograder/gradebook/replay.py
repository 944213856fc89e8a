"""Check the ledger, or grade again what it records: `autograder ledger verify` and `autograder ledger replay`."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from ..arguments import add_class
from ..judging.grading import grade_submission, inputs_of
from .ledger import Ledger, entry
from .preprocessors import JudgeCells
from .writing import open_class

SAME = "the same"
NOTHING = (None, None, "not there")


@dataclass(frozen=True)
class Replayed:
    """What grading a recorded submission again gave: `finding` is `SAME`, or says what differs."""

    lesson: str
    student: str
    finding: str


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands to the command line."""
    parser = subparsers.add_parser("ledger", help="check the ledger of verdicts, or replay it", description=__doc__)
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    verify = actions.add_parser("verify", help="check that no record was changed, removed or added")
    again = actions.add_parser("replay", help="grade the stored submissions again and compare")
    again.add_argument("lesson", nargs="?", default="", metavar="LESSON", help="only this lesson")
    again.add_argument("--student", default="", help="only this student")
    again.add_argument("--unsafe", action="store_true", help="grade without isolation")
    for action in (verify, again):
        add_class(action)
    verify.set_defaults(run=run_verify)
    again.set_defaults(run=run_replay)


def run_verify(args: argparse.Namespace) -> int:
    """Check the chain and say what was found; return 1 when a record is not as it was written."""
    console, ledger = Console(), Ledger(_class_folder(args.folder))
    problems = ledger.problems()
    for problem in problems:
        console.print(f"✘ {problem}", markup=False, highlight=False, soft_wrap=True, style="red")
    if ledger.torn():
        console.print("The last line is torn, as a crash leaves it: no record is lost, and grading repairs it.")
    if not problems:
        console.print(f"✔ {sum(1 for _ in ledger.records())} records, unbroken", highlight=False)
    return 1 if problems else 0


def run_replay(args: argparse.Namespace) -> int:
    """Grade again and compare; return 1 when something differs."""
    console, findings = Console(), []
    for replayed in replay(args.folder, args.lesson, args.student, args.unsafe):
        findings.append(replayed.finding)
        sign, style = ("✔", "") if replayed.finding == SAME else ("✘", "red")
        words = f"{sign} {replayed.lesson}, {replayed.student}: {replayed.finding}"
        console.print(words, markup=False, highlight=False, soft_wrap=True, style=style)
    if not findings:
        raise ValueError("The ledger holds no such record.")
    return 1 if set(findings) - {SAME} else 0


def replay(folder: Path, lesson: str = "", student: str = "", unsafe: bool = False) -> Iterator[Replayed]:
    """Grade the stored submissions again, by the last record about each, and yield what came of it."""
    app = open_class(folder)
    app.config.JudgeCells.unsafe = unsafe
    latest = {
        (record["lesson"], record["student"]): record
        for record in Ledger(Path(app.coursedir.root)).records()
        if "scores" in record and lesson in ("", record["lesson"]) and student in ("", record["student"])
    }
    for (its_lesson, its_student), record in latest.items():
        yield Replayed(its_lesson, its_student, _compare(JudgeCells(parent=app), record))


def _compare(judge_cells: JudgeCells, record: dict) -> str:
    lesson, student = record["lesson"], record["student"]
    (master, *_) = sorted(Path(judge_cells.class_folder, "source", lesson).glob("*.ipynb")) or [None]
    if master is None:
        return f"source/{lesson} is gone, so it cannot be graded again"
    work = judge_cells.work(master.stem, lesson, student)
    if not Path(work.submitted).is_dir():
        return "the submission is gone"
    changed = [name for name, value in asdict(inputs_of(work)).items() if record.get(name, "") != value]
    if "submission" in changed:
        return "the submission is another one than was graded"
    if "seed" in changed:
        return "the class has another seed than it had"
    scores = entry(student, lesson, grade_submission(work))["scores"]
    different = [
        test for test in scores.keys() | record["scores"].keys() if scores.get(test) != record["scores"].get(test)
    ]
    if not different:
        return SAME
    because = f" ({', '.join(changed)} changed since)" if changed else ""
    was, now = (found.get(min(different), ["nothing"]) for found in (record["scores"], scores))
    return f"{min(different)} was {was[-1]} ({was[0]}) and is {now[-1]} ({now[0]}) now{because}"


def _class_folder(folder: Path) -> Path:
    return Path(open_class(folder).coursedir.root)
