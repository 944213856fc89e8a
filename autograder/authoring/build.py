"""Build every lesson's notebook from its lesson.py: `python -m autograder build [--check]`."""

import argparse
import sys
from pathlib import Path

from .lesson import find_lessons
from .notebooks import write_notebooks


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("build", help="write every lesson's notebook", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a notebook is stale")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds the lessons (default: this one)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the notebooks, or check them; return the exit status; raises `LessonError`."""
    stale = write_notebooks(args.root, check=args.check)
    for file in stale:
        print(f"{'stale' if args.check else 'written'}: {file}")
    if args.check and stale:
        print("Run `make notebooks` and commit what changed.", file=sys.stderr)
        return 1
    fresh = len(find_lessons(args.root)) - len(stale)
    print(f"{fresh} notebook{'' if fresh == 1 else 's'} up to date")
    return 0
