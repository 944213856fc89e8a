"""What a climb found: the state of each rung, the measured figures and the score.

    >>> report = climb("adapter")
    >>> report.score, report.figures["correct"], report.rungs[3].state
    (1.0, 0.94, 'passed')

A report is plain data: `as_dict()` goes through JSON. `text()` and `html()` show the same table.
"""

import html
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from course.panel import inline, plain

PASSED, FAILED, NOT_REACHED = "passed", "failed", "not reached"
SIGNS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "–"}
NAMES = ("Files", "Configuration", "Tensors", "Behaviour", "Forgetting", "Originality")

STYLE = """
.course-ladder { max-width: 46rem; margin: 8px 0; font-size: var(--jp-content-font-size1, 14px); line-height: 1.45;
  --ladder-ink: var(--jp-content-font-color1, var(--colab-primary-text-color, currentColor));
  --ladder-dim: #57606a; --ladder-right: #17662b; --ladder-wrong: #a8201a; --ladder-line: #76808a;
  color: var(--ladder-ink); }
[data-jp-theme-light="false"] .course-ladder, html[theme="dark"] .course-ladder, html[data-theme="dark"] .course-ladder,
.vscode-dark .course-ladder {
  --ladder-dim: #a8b1bb; --ladder-right: #7ddc93; --ladder-wrong: #ff9d94; --ladder-line: #8b949e; }
.course-ladder table { border-collapse: collapse; width: 100%; margin: 0; font-size: inherit; color: inherit; }
.course-ladder caption { text-align: left; font-weight: 700; padding: 4px 0 6px; color: inherit; caption-side: top; }
.course-ladder :is(th, td) { text-align: left !important; vertical-align: top; padding: 6px 12px 6px 0;
  background: transparent !important; color: inherit; border: 0; border-top: 1px solid var(--ladder-line);
  white-space: normal; }
.course-ladder :is(th, td.state) { white-space: nowrap; font-weight: 600; }
.course-ladder .passed td.state { color: var(--ladder-right); }
.course-ladder .failed td.state { color: var(--ladder-wrong); }
.course-ladder :is(.waiting td, .waiting th, thead th) { color: var(--ladder-dim); }
.course-ladder p { margin: 8px 0 0; }
"""


class Fault(ValueError):
    """Fail a rung, with a sentence that says what is wrong and what to do."""


@dataclass(frozen=True)
class Rung:
    """One rung: its state is "passed", "failed" or "not reached", its sentence says why."""

    number: int
    name: str
    state: str
    sentence: str


@dataclass(frozen=True, repr=False)
class Report:
    """All six rungs of one adapter, bottom first."""

    folder: str
    tier: str | None
    """Name of the tier whose base the adapter was trained on; None when that could not be told."""
    rungs: tuple[Rung, ...]
    score: float
    """0 to 1; see `course.ladder.behaviour.score`."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Shares valid, intent, priority, product and correct; perplexity, base_perplexity and perplexity_ratio; …"""
    note: str = ""

    @property
    def headline(self) -> str:
        """Say how far the adapter got, and its score."""
        passed = sum(rung.state == PASSED for rung in self.rungs)
        failed = next((rung for rung in self.rungs if rung.state == FAILED), None)
        end = f"rung {failed.number}, {failed.name.lower()}, failed" if failed else f"{passed} rungs passed"
        return f"`{self.folder}`: {end} · score {percent(self.score)}"

    def as_dict(self) -> dict:
        """Return the report as plain dictionaries, lists, strings and finite numbers."""
        return asdict(self) | {"rungs": [asdict(rung) for rung in self.rungs], "figures": dict(self.figures)}

    def text(self) -> str:
        """Return the table as lines of text."""
        lines = [
            f"{SIGNS[rung.state]} {rung.number} {rung.name:<13} {rung.state:<11}  {rung.sentence}".rstrip()
            for rung in self.rungs
        ]
        return plain("\n".join(filter(None, [self.headline, *lines, self.note])))

    def html(self) -> str:
        """Return the table as HTML that reads in light and dark themes and to screen readers."""
        rows = "".join(
            f'<tr class="{"waiting" if rung.state == NOT_REACHED else rung.state}">'
            f'<th scope="row">{rung.number} · {html.escape(rung.name)}</th>'
            f'<td class="state"><span aria-hidden="true">{SIGNS[rung.state]} </span>{rung.state}</td>'
            f"<td>{inline(rung.sentence)}</td></tr>"
            for rung in self.rungs
        )
        head = "".join(f'<th scope="col">{name}</th>' for name in ("Rung", "State", "What was found"))
        note = f"<p>{inline(self.note)}</p>" if self.note else ""
        return (
            f'<style>{STYLE}</style><div class="course-ladder"><table><caption>{inline(self.headline)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}</div>"
        )

    def __repr__(self) -> str:
        return f"<Report {plain(self.headline)}>"


def quote(value: object, limit: int = 60) -> str:
    """Return a stranger's value for use in a sentence: short, on one line, in backticks, nothing invisible in it."""
    text = value[: 4 * limit] if isinstance(value, str) else repr(value)[: 4 * limit]
    text = "".join("�" if unicodedata.category(one)[0] in "CZ" and one != " " else one for one in text)
    text = text.replace("`", "'").strip() or " "
    return f"`{text[: limit - 1]}…`" if len(text) > limit else f"`{text}`"


def size(count: int) -> str:
    """Return a number of bytes in decimal units.

    >>> size(2_000_000_000)
    '2.0 GB'
    """
    for unit, scale in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"


def percent(share: float) -> str:
    """Return a share in per cent, rounded down, so that 100 % means all.

    >>> percent(0.9999)
    '99.9 %'
    """
    return f"{int(1000 * share + 1e-9) / 10:g} %"
