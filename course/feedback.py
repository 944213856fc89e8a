"""Let a failing test say its sentence, and a passing one say so, in place of a page of traceback.

`install()` uses IPython's own hooks. Before a cell whose first line is `# test_…`, it sets a custom exception handler;
after that cell it takes the handler away. So every other cell keeps IPython's tracebacks by construction.
The failure stays an `error` output, which is what nbgrader counts.
"""

from __future__ import annotations

import ast
import linecache
import re
import textwrap
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Any

TEST_CELL = re.compile(r"#\s*(?P<name>test_\w+)(?:\s*·\s*(?P<points>\d+(?:\.\d+)?) points?)?\s*$")
WIDTH = 80  # JupyterLab breaks longer lines of an error in the middle of a word
BOLD, RESET = "\x1b[1m", "\x1b[0m"  # no colours: red on the error panel of a dark theme is hard to read


@dataclass(frozen=True)
class TestCell:
    """Name the test that a cell holds, and its points, where its first line says so."""

    __test__ = False  # not one of pytest's

    name: str
    points: str | None = None

    @property
    def subject(self) -> str:
        """Return the exercise that the test is about: `test_valid_ticket` → `valid_ticket`."""
        return self.name.removeprefix("test_")


def parse_test_cell(source: str | None) -> TestCell | None:
    """Return the test that the cell's first line names, None for any other cell."""
    match = TEST_CELL.match((source or "").lstrip("\n").split("\n", 1)[0])
    return TestCell(match["name"], match["points"]) if match else None


class Hooks:
    """Hold what is to be undone after a test cell."""

    def __init__(self, shell: Any):
        self.shell, self.test, self.saved = shell, None, None

    def before(self, info: Any) -> None:
        """Set the handler when the cell that is about to run is a test."""
        self.test = parse_test_cell(info.raw_cell)
        if self.test:
            self.saved = self.shell.custom_exceptions, self.shell.CustomTB
            self.shell.set_custom_exc((Exception,), self.explain)

    def after(self, result: Any) -> None:
        """Give the handler back, and say that the test passed when it did."""
        if self.saved:
            self.shell.custom_exceptions, self.shell.CustomTB = self.saved
            self.saved = None
        if self.test and result.success:
            print(verdict(self.test, result.result))
        self.test = None

    def explain(self, shell: Any, etype: type, value: BaseException, tb: TracebackType, tb_offset: int | None = None):
        """Show a structured traceback of one or two sentences through IPython's `_render_traceback_` hook."""
        if isinstance(value, SyntaxError) and not _own_frames(tb, shell.user_ns):
            shell.showsyntaxerror()
            return None
        lines = explanation(self.test, value, tb, shell.user_ns)
        value._render_traceback_ = lambda: [fit(line) for line in lines]
        shell.showtraceback((etype, value, tb), tb_offset=tb_offset)
        return lines


def install(shell: Any = None) -> bool:
    """Install the hooks once in this IPython kernel; return False outside of one."""
    if shell is None:
        from IPython import get_ipython

        shell = get_ipython()
    if shell is None:
        return False
    registered = [getattr(callback, "__self__", None) for callback in shell.events.callbacks["pre_run_cell"]]
    if not any(isinstance(owner, Hooks) for owner in registered):
        hooks = Hooks(shell)
        shell.events.register("pre_run_cell", hooks.before)
        shell.events.register("post_run_cell", hooks.after)
    return True


def verdict(test: TestCell, value: Any) -> str:
    """Return the line under a test that ran: passed, or how much of it when its last value is a number of points."""
    total = float(test.points) if test.points else None
    unit = "point" if test.points == "1" else "points"
    if total is not None and isinstance(value, int | float) and not isinstance(value, bool) and value < total:
        return f"◐ {test.name}: {value:g} of {total:g} {unit}"
    return f"✓ {test.name} passed" + (f" ({test.points} {unit})" if test.points else "")


def explanation(test: TestCell, value: BaseException, tb: TracebackType, namespace: dict) -> list[str]:
    """Return what a learner reads about a failed test, as lines of a structured traceback."""
    frames = _own_frames(tb, namespace)
    head = f"{BOLD}✗ {test.name} failed{RESET}"
    in_test = len({frame.filename for frame in frames}) < 2
    last = frames[-1] if frames else None
    where = None if in_test or last is None else f"In {_place(last)}: {BOLD}{last.line}{RESET}"
    if isinstance(value, AssertionError):
        sentence = str(value).strip() or _expression(frames)
        return [head, sentence] + ([where] if where else [])
    if isinstance(value, NotImplementedError) and last is not None:
        name = test.subject if in_test else last.name.strip("<>")
        advice = "replace `raise NotImplementedError` with your solution, run that cell, then this one."
        return [head, f"`{name}` is not written yet: {advice}"]
    if isinstance(value, NameError) and in_test:
        name = getattr(value, "name", None) or (re.findall(r"'(\w+)'", str(value)) or [test.subject])[0]
        return [head, f"`{name}` does not exist yet: run the cell that defines it, then this one."]
    what = f"{type(value).__name__}: {str(value).strip()}".rstrip(": ")
    if where:
        return [head, f"Your code stopped with {what}", where]
    line = [f"The test asked: {BOLD}{last.line}{RESET}"] if last is not None and last.line else []
    return [head, f"The test could not use your answer. {what}", *line]


def fit(text: str) -> str:
    """Break lines between words, so that no front end breaks them within one."""
    kept = {"break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(line, WIDTH, **kept) for line in text.split("\n"))


def _own_frames(tb: TracebackType, namespace: dict) -> list[traceback.FrameSummary]:
    """Return the frames that are cells of this notebook, the test's first; library frames are left out."""
    own = []
    for frame, line in traceback.walk_tb(tb):
        if frame.f_globals is namespace:
            code = frame.f_code
            text = linecache.getline(code.co_filename, line)
            own.append(traceback.FrameSummary(code.co_filename, line, code.co_name, lookup_line=False, line=text))
    return own


def _place(frame: traceback.FrameSummary) -> str:
    name = "your cell" if frame.name == "<module>" else f"`{frame.name}`"
    return f"{name}, line {frame.lineno}"


def _expression(frames: list[traceback.FrameSummary]) -> str:
    """Make a sentence of an assertion that has none, from its expression."""
    if frames:
        source = "".join(linecache.getlines(frames[-1].filename))
        try:
            tree = ast.parse(source)
        except SyntaxError:  # a cell with magics
            tree = ast.Module(body=[], type_ignores=[])
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) and node.lineno <= frames[-1].lineno <= (node.end_lineno or node.lineno):
                return f"This should be true, and is not: {ast.unparse(node.test)}"
    return "An assertion does not hold."
