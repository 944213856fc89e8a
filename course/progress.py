"""Draw where the learner stands: eight lessons on one road, and the next step in a sentence."""

from __future__ import annotations

import html
from dataclasses import dataclass

from IPython.display import display

from course import state
from course.lessons import LESSONS, Lesson

COMPLETE, BEGUN, NEW = "complete", "in progress", "not started"
WIDTH, TOP, STEP = 640, 64, 46

STYLE = """
.course-road { max-width: 40rem; margin: 8px 0; font-size: var(--jp-content-font-size1, 14px);
  --road-ink: var(--jp-content-font-color1, var(--colab-primary-text-color, currentColor));
  --road-dim: #57606a; --road-done: #17662b; --road-here: #0b5cad; --road-paper: var(--jp-layout-color0, transparent);
  color: var(--road-ink); }
[data-jp-theme-light="false"] .course-road, html[theme="dark"] .course-road, html[data-theme="dark"] .course-road,
.vscode-dark .course-road {
  --road-dim: #a8b1bb; --road-done: #7ddc93; --road-here: #7cb8ff; }
.course-road svg { width: 100%; height: auto; display: block; font-family: var(--jp-ui-font-family, sans-serif); }
.course-road .title { fill: var(--road-ink); font-size: 15px; font-weight: 600; }
.course-road .note { fill: var(--road-dim); font-size: 13px; }
.course-road .head { fill: var(--road-ink); font-size: 18px; font-weight: 700; }
.course-road .way { stroke: var(--road-dim); stroke-width: 3; }
.course-road .way.done { stroke: var(--road-done); }
.course-road circle { stroke: var(--road-dim); stroke-width: 2.5; fill: var(--road-paper); }
.course-road .complete circle { stroke: var(--road-done); stroke-width: 3.5; }
.course-road .here circle { stroke: var(--road-here); stroke-width: 3.5; }
.course-road .sign { font-size: 14px; font-weight: 700; fill: var(--road-dim); text-anchor: middle; }
.course-road .complete .sign { fill: var(--road-done); }
.course-road .here .sign, .course-road .here .flag { fill: var(--road-here); }
.course-road .flag { font-size: 13px; font-weight: 700; text-anchor: end; }
.course-road p { margin: 6px 0 0; }
"""


@dataclass(frozen=True)
class Stop:
    """Say how one lesson stands."""

    lesson: Lesson
    status: str
    best: float | None

    @property
    def note(self) -> str:
        """Return the status, the best score and the minutes as one line."""
        score = "" if self.best is None else f" · best score {self.best:.0%}"
        return f"{self.status}{score} · {self.lesson.minutes} minutes"


def stops(progress: state.Progress) -> list[Stop]:
    """Return the eight lessons in order, with how each one stands."""
    found = []
    for lesson in LESSONS:
        mine = progress.lesson(lesson.name)
        status = NEW if mine is None else COMPLETE if mine.complete else BEGUN
        found.append(Stop(lesson, status, mine.best if mine else None))
    return found


def next_stop(road: list[Stop]) -> Stop | None:
    """Return the first lesson that is not complete, None when all are."""
    return next((stop for stop in road if stop.status != COMPLETE), None)


def next_step(road: list[Stop]) -> str:
    """Say in one sentence what to do next."""
    here = next_stop(road)
    if here is None:
        return "All eight lessons are complete. Ship something."
    name = f"lesson {here.lesson.number}, {here.lesson.title}"
    if here.status == NEW:
        return f"Next: open {name} (about {here.lesson.minutes} minutes)."
    if here.best is None:
        return f"Next: finish {name}; its knowledge check marks it complete."
    return f"Next: take the knowledge check of {name} again; your best score so far is {here.best:.0%}."


def draw(road: list[Stop]) -> str:
    """Return the road as an inline SVG with a title and a description, readable in light and dark themes."""
    here, done = next_stop(road), sum(stop.status == COMPLETE for stop in road)
    described = "; ".join(f"lesson {stop.lesson.number}, {stop.lesson.title}: {stop.note}" for stop in road)
    height = TOP + STEP * (len(road) - 1) + 34
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{done} of {len(road)} lessons complete</title>",
        f"<desc>{html.escape(described)}</desc>",
        f'<text class="head" x="12" y="26">{done} of {len(road)} lessons complete</text>',
    ]
    for i, stop in enumerate(road):
        y = TOP + STEP * i
        kind = {COMPLETE: "complete", BEGUN: "begun", NEW: "new"}[stop.status] + (" here" if stop is here else "")
        sign = "✓" if stop.status == COMPLETE else str(stop.lesson.number)
        if i + 1 < len(road):
            passed = " done" if stop.status == COMPLETE else ""
            parts.append(f'<line class="way{passed}" x1="28" y1="{y + 15}" x2="28" y2="{y + STEP - 15}"/>')
        flag = f'<text class="flag" x="{WIDTH - 8}" y="{y - 2}">◀ you are here</text>' if stop is here else ""
        parts.append(
            f'<g class="{kind}"><circle cx="28" cy="{y}" r="14"/><text class="sign" x="28" y="{y + 5}">{sign}</text>'
            f'<text class="title" x="54" y="{y - 2}">{stop.lesson.number} · {html.escape(stop.lesson.title)}</text>'
            f'<text class="note" x="54" y="{y + 16}">{html.escape(stop.note)}</text>{flag}</g>'
        )
    return "".join([*parts, "</svg>"])


def as_text(road: list[Stop]) -> str:
    """Return the road as lines of text."""
    signs = {COMPLETE: "✓", BEGUN: "…", NEW: " "}
    lines = [f"[{signs[stop.status]}] {stop.lesson.number} · {stop.lesson.title}: {stop.note}" for stop in road]
    return "\n".join([*lines, next_step(road)])


def progress() -> None:
    """Show the eight lessons as a picture of where you stand, and the next step."""
    found = state.load()
    road = stops(found)
    notice = f"<p>{html.escape(found.notice)}</p>" if found.notice else ""
    step = f"<p>{html.escape(next_step(road))}</p>"
    page = f'<style>{STYLE}</style><div class="course-road">{draw(road)}{step}{notice}</div>'
    text = as_text(road) + (f"\n{found.notice}" if found.notice else "")
    display({"text/html": page, "text/plain": text}, raw=True)
