"""Verify a certificate against a progress file: `autograder verify CODE --name "Ada Lovelace" --date 2026-11-22`."""

import argparse
from pathlib import Path

from rich.console import Console

from course.certificate import code, still_missing
from course.state import load, state_path


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("verify", help="verify a certificate's code", description=__doc__)
    parser.add_argument("code", metavar="CODE", help="the code on the certificate")
    parser.add_argument("--name", required=True, help="the name on the certificate")
    parser.add_argument("--date", required=True, help="the date on the certificate, as it stands there")
    parser.add_argument("--progress", type=Path, metavar="FILE", help="progress.json (default: this folder's)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say whether the code belongs to name, date and progress; return 1 when it does not."""
    path = args.progress or state_path()
    if not path.is_file():
        raise ValueError(f"{path} is no file; give the learner's progress.json with --progress.")
    progress = load(path)
    console = Console()
    if missing := still_missing(progress):
        console.print(f"[red]✘[/] {path} does not hold the whole course; {missing[0]} is missing.", highlight=False)
        return 1
    if code(args.name, args.date, progress) != args.code.strip().lower():
        console.print(f"[red]✘[/] the code does not belong to this name, this date and {path}", highlight=False)
        return 1
    console.print(f"[green]✔[/] {args.name} passed all lessons, as {path} says", highlight=False)
    return 0
