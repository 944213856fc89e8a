"""Look up a word of the course; `glossary.md` holds them all, in the order of the alphabet.

course.glossary("rank")          # one word
course.glossary("loss")          # and all words that contain it
course.glossary()                # the whole list
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from IPython.display import Markdown, display

FILE = Path(__file__).with_name("glossary.md")
ENTRY = re.compile(r"^- \*\*(?P<term>.+?)\*\* \(lesson (?P<lesson>\d)\): (?P<meaning>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One word: what it means, and the lesson that first explains it."""

    term: str
    lesson: int
    meaning: str


def entries() -> list[Entry]:
    """Read the glossary."""
    found = ENTRY.finditer(FILE.read_text(encoding="utf-8"))
    return [Entry(match["term"], int(match["lesson"]), match["meaning"]) for match in found]


def find(text: str = "") -> list[Entry]:
    """Return the entries whose word contains the text; where there is none, those that mention it."""
    wanted = text.strip().casefold()
    by_term = [entry for entry in entries() if wanted in entry.term.casefold()]
    return by_term or [entry for entry in entries() if wanted in entry.meaning.casefold()]


def glossary(term: str = "") -> None:
    """Show what a word means; without a word, the whole list."""
    found = find(term)
    if not found:
        print(f"The glossary has nothing about {term!r}. Leave the word out to see all of it.")
        return
    display(Markdown("\n".join(f"- **{entry.term}** (lesson {entry.lesson}): {entry.meaning}" for entry in found)))
