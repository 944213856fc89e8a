"""Arguments that several commands take: the same words mean the same everywhere."""

import argparse
from pathlib import Path


def add_lesson(parser: argparse.ArgumentParser) -> None:
    """Let a command name an assignment."""
    parser.add_argument("lesson", metavar="LESSON", help="the assignment's name")


def add_class(parser: argparse.ArgumentParser) -> None:
    """Let a command name the class folder."""
    parser.add_argument(
        "--class", dest="folder", type=Path, default=Path(), metavar="DIR", help="class folder (default: this one)"
    )


def add_gradebook(parser: argparse.ArgumentParser) -> None:
    """Let a command name the gradebook."""
    parser.add_argument("--db", metavar="URL", help="the gradebook (default: nbgrader's configuration, else SQLite)")
