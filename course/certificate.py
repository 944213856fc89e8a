"""Draw the certificate of the whole course, for those who have passed all of it: `course.certificate("Ada Lovelace")`.

Its code is a hash of what stands on it. It shows that a certificate belongs to a progress file, and that neither was
changed by accident; it is no signature, since everybody can write their own progress file.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from course import state
from course.lessons import LESSONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (11.69, 8.27)  # A4, in inches
LONGEST_NAME = 60
FILES = ("certificate.svg", "certificate.pdf")
MEASURED = {"valid": "valid answers", "correct": "right in every field"}  # of an adapter


class NotYet(ValueError):
    """Say what is still to be passed."""


def certificate(name: str, folder: str | Path = ".") -> None:
    """Draw and show the certificate, and write it to `folder` as SVG and PDF.

    Raises `NotYet` with the steps that are missing: every lesson's knowledge check passed, and every lesson's notebook
    passed by `autograder check`.
    """
    progress = state.load()
    if missing := still_missing(progress):
        raise NotYet("The certificate waits for:\n" + "\n".join(f"- {step}" for step in missing))
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"Write the name to put on the certificate, in at most {LONGEST_NAME} characters.")
    date = datetime.date.today().isoformat()
    from course.figures import show  # late, because drawing takes long to import

    fig = draw(name, date, progress)
    for file in FILES:
        fig.savefig(Path(folder) / file)
    alt = f"Certificate for {name}: all {len(LESSONS)} lessons passed, {date}, code {code(name, date, progress)}."
    show(fig, alt=alt)
    print(f"Saved as {' and '.join(FILES)}.")


def still_missing(progress: state.Progress) -> list[str]:
    """List, in order, what keeps this progress from a certificate."""
    steps = []
    for lesson in LESSONS:
        mine = progress.lesson(lesson.name) or state.LessonState()
        if not mine.complete:
            steps.append(f"lesson {lesson.number}, {lesson.title}: pass its knowledge check")
        if not mine.checked:
            steps.append(f"lesson {lesson.number}, {lesson.title}: pass `autograder check {lesson.name}.ipynb`")
    return steps


def code(name: str, date: str, progress: state.Progress) -> str:
    """Return sixteen digits that change with anything that the certificate says."""
    says = {lesson.name: vars(progress.lessons[lesson.name]) for lesson in LESSONS}
    text = json.dumps({"name": name, "date": date, "lessons": says}, sort_keys=True)
    digits = hashlib.sha256(text.encode()).hexdigest()[:16]
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))


def draw(name: str, date: str, progress: state.Progress) -> Figure:
    """Draw the page."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from course.figures import COLOURS, DIM, INK, PAPER, use_style

    use_style()
    fig = Figure(figsize=SIZE)
    for inset, width in ((0.03, 3), (0.04, 1)):
        fig.add_artist(
            Rectangle((inset, inset), 1 - 2 * inset, 1 - 2 * inset, fill=False, lw=width, ec=COLOURS["tuned"])
        )
    fig.text(0.5, 0.87, "Fine-tuning language models, measured", ha="center", fontsize=16, color=DIM)
    fig.text(0.5, 0.775, name, ha="center", fontsize=34 if len(name) < 30 else 24, fontweight="bold", parse_math=False)
    fig.text(
        0.5, 0.71, "has passed the knowledge check and every graded test of all eight lessons", ha="center", fontsize=13
    )
    for place, lesson in enumerate(LESSONS):
        mine = progress.lessons[lesson.name]
        x, y = (0.12, 0.54)[place // 4], 0.615 - 0.055 * (place % 4)
        fig.text(x, y, f"{lesson.number}", fontsize=13, fontweight="bold", color=COLOURS["tuned"])
        fig.text(x + 0.025, y, f"{lesson.title}  ({100 * mine.best:.0f} %)", fontsize=11.5)
    for place, line in enumerate(adapter_lines(progress)):
        fig.text(0.5, 0.35 - 0.045 * place, line, ha="center", fontsize=12.5, color=INK)
    fig.text(0.12, 0.1, date, fontsize=12)
    fig.text(0.88, 0.1, code(name, date, progress), ha="right", fontsize=12, family="monospace")
    fig.text(0.5, 0.1, "verify with `autograder verify`", ha="center", fontsize=9, color=DIM)
    fig.set_facecolor(PAPER)
    return fig


def adapter_lines(progress: state.Progress) -> list[str]:
    """Say what was measured of the adapters that were graded."""
    lines = []
    for lesson in LESSONS:
        for adapter in progress.lessons[lesson.name].checked.get("adapters", []):
            figures = ", ".join(f"{value} {MEASURED.get(name, name)}" for name, value in adapter.items())
            lines.append(f"Adapter of lesson {lesson.number}, on tickets nobody had seen: {figures}")
    return lines
