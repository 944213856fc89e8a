"""Say what this host can isolate, what is missing, and how to mend it: `autograder doctor`."""

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from .sandbox.probe import Finding, examine

MARKS = {"ok": "[green]✔[/]", "worse": "[yellow]![/]", "missing": "[red]✘[/]"}


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("doctor", help="say what this host can isolate", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine this host and print what was found; return 1 when learners' code cannot be shut in here."""
    console = Console()
    findings: list[Finding] = []
    with console.status("examining this host ...") as status:
        for finding in examine():
            findings.append(finding)
            status.update(f"examined: {finding.what}")
    able = all(finding.state != "missing" for finding in findings)
    if args.json:
        print(json.dumps({"sandbox": able, "findings": [asdict(item) | {"state": item.state} for item in findings]}))
        return 0 if able else 1
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        told = finding.found + (f"\n→ {finding.remedy}" if finding.remedy else "")
        table.add_row(MARKS[finding.state], finding.what, told.replace("[", "\\["))
    console.print(table)
    if able:
        console.print("[green]Learners' code is shut in here.[/]")
    else:
        console.print("[red]Learners' code cannot be shut in here[/]: grading refuses, unless told --unsafe.")
    return 0 if able else 1
