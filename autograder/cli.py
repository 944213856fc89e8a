"""Offer the commands: `autograder init | handout | grade | handback | report | ledger | check | ...`."""

import argparse
import sys

from . import check, demo, doctor, verify
from .authoring import build, prove
from .authoring.lesson import LessonError
from .exchange import handback, handout
from .gradebook import init, replay
from .many import grade
from .reporting import report

COMMANDS = (init, handout, grade, handback, report, replay, check, verify, doctor, build, prove, demo)


def parser() -> argparse.ArgumentParser:
    """Return what understands all commands."""
    understands = argparse.ArgumentParser(prog="autograder", description=__doc__)
    subparsers = understands.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    return understands


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what a user can put right is said in a sentence, with exit status 2."""
    args = parser().parse_args(arguments)
    try:
        return args.run(args)
    except (LessonError, ValueError, OSError) as problem:
        print(f"autograder: {problem}", file=sys.stderr)
        return 2
