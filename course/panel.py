"""Build the widgets that questions are made of: a panel, an option that is a real button, and a status line.

An option is a transparent `Button` laid over an `HTML` row. The button gives mouse, Tab, Enter, Space and the
accessible name; the row gives wrapping text, `code` and the ✓ and ✗ marks, which a button's plain description cannot.
Only core ipywidgets are used, so the same code runs on JupyterLab 4 and on Colab (ipywidgets 7 and 8).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import ipywidgets as widgets

from course import screen_reader

LETTERS = "ABCDEFGH"

# Colours are chosen per theme (each pair has a contrast of at least 4.5); the page's own variables come first.
STYLE = """
.course-panel {
  --course-ink: var(--jp-content-font-color1, var(--colab-primary-text-color, inherit));
  --course-line: #76808a; --course-tint: #7f8c9a1f; --course-accent: #0b5cad;
  --course-right: #17662b; --course-wrong: #a8201a; --course-right-tint: #2e9e4a1f; --course-wrong-tint: #d93f351c;
  color: var(--course-ink); max-width: 46rem; margin: 8px 0 12px; padding: 12px 16px 14px; box-sizing: border-box;
  border: 1px solid var(--course-line); border-left: 4px solid var(--course-accent); border-radius: 6px;
  overflow: visible;
}
[data-jp-theme-light="false"] .course-panel, html[theme="dark"] .course-panel, .vscode-dark .course-panel {
  --course-line: #8b949e; --course-accent: #7cb8ff;
  --course-right: #7ddc93; --course-wrong: #ff9d94; --course-right-tint: #2e9e4a33; --course-wrong-tint: #d93f3533;
}
.course-panel .widget-html, .course-panel .widget-html-content {
  color: inherit; line-height: 1.45; font-size: var(--jp-content-font-size1, 14px); white-space: normal;
  height: auto; width: auto; margin: 0; overflow: visible; align-self: stretch;
}
.course-panel code {
  font-family: var(--jp-code-font-family, monospace); font-size: 0.93em; color: inherit;
  background: var(--course-tint); padding: 1px 4px; border-radius: 3px;
}
.course-panel .course-kicker { font-size: 0.85em; font-weight: 600; color: var(--course-accent); }
.course-panel .course-question { margin: 2px 0 8px; font-weight: 600; }
.course-panel .course-next { margin-top: 18px; }
.course-panel .course-option { position: relative; margin: 0 0 6px; overflow: visible; }
.course-panel .course-option > button {
  position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; padding: 0; z-index: 1; cursor: pointer;
  background: transparent !important; border: 0; box-shadow: none !important; border-radius: 6px;
  text-indent: -999em; overflow: hidden; white-space: nowrap;
}
.course-panel .course-option > button:focus-visible, .course-panel .course-action:focus-visible,
.course-panel :is(input, select, [role="slider"], [contenteditable]):focus-visible {
  outline: 3px solid var(--course-accent) !important; outline-offset: 2px;
}
.course-panel .course-row {
  display: flex; gap: 10px; align-items: baseline; padding: 7px 10px; border-radius: 6px;
  border: 1px solid var(--course-line);
}
.course-panel .course-option:hover .course-row:not(.right):not(.wrong) { background: var(--course-tint); }
.course-panel .course-mark { flex: 0 0 1.4em; font-weight: 700; text-align: center; }
.course-panel .course-text { flex: 1; }
.course-panel .course-word { font-size: 0.85em; font-weight: 600; white-space: nowrap; }
.course-panel .course-row.chosen {
  border-color: var(--course-accent); box-shadow: inset 0 0 0 1px var(--course-accent);
}
.course-panel .course-row.right { border-color: var(--course-right); background: var(--course-right-tint); }
.course-panel .course-row.wrong { border-color: var(--course-wrong); background: var(--course-wrong-tint); }
.course-panel :is(.right .course-mark, .right .course-word, b.right) { color: var(--course-right); }
.course-panel :is(.wrong .course-mark, .wrong .course-word, b.wrong) { color: var(--course-wrong); }
.course-panel .chosen .course-mark, .course-panel .chosen .course-word { color: var(--course-accent); }
.course-panel .course-status p { margin: 6px 0 0; }
.course-panel .course-action {
  align-self: flex-start; width: auto; height: auto; min-height: 34px; padding: 4px 16px; margin: 14px 0 0;
  border-radius: 6px; font-weight: 600;
  background: transparent; color: var(--course-accent); border: 1px solid var(--course-accent); cursor: pointer;
}
@media (forced-colors: active) {
  .course-panel .course-option > button { color: transparent; forced-color-adjust: none; }
}
"""

MARKS = {"": "", "chosen": "chosen", "right": "right", "wrong": "not this one"}


def inline(text: str) -> str:
    """Escape a sentence for HTML and turn `code` into a code element."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def plain(text: str) -> str:
    """Return a sentence without its backticks, for places that hold no markup."""
    return re.sub(r"`([^`]+)`", r"\1", text)


class Option:
    """Show one choice as a row that is a button; `mark` is "", "chosen", "right" or "wrong"."""

    def __init__(self, letter: str, text: str, on_click: Callable[[], None]):
        self.letter, self.text = letter, text
        self.button = widgets.Button(tooltip=f"Choose {letter}")
        self.row = widgets.HTML()
        self.widget = widgets.Box([self.button, self.row], layout=widgets.Layout(display="block", width="auto"))
        self.widget.add_class("course-option")
        self.button.on_click(lambda _: on_click())
        self.mark = ""

    @property
    def mark(self) -> str:
        """Return the mark that the row carries."""
        return self._mark

    @mark.setter
    def mark(self, mark: str) -> None:
        word, sign = MARKS[mark], {"right": "✓", "wrong": "✗", "chosen": "●"}.get(mark, self.letter)
        self._mark = mark
        self.button.description = f"{self.letter}. {plain(self.text)}" + (f" ({word})" if word else "")
        self.row.value = (
            f'<div class="course-row {mark}" aria-hidden="true"><span class="course-mark">{sign}</span>'
            f'<span class="course-text">{inline(self.text)}</span><span class="course-word">{word}</span></div>'
        )


class Status:
    """Show a line that assistive technology announces when it changes, unless it is not `live`."""

    def __init__(self, live: bool = True) -> None:
        self.widget, self.role = widgets.HTML(), ' role="status" aria-live="polite"' if live else ""
        self.say("")

    def say(self, markup: str) -> None:
        """Replace the line; `markup` is HTML."""
        self.widget.value = f'<div class="course-status"{self.role}>{markup}</div>'


def action(description: str, on_click: Callable[[], None]) -> widgets.Button:
    """Return a labelled button."""
    button = widgets.Button(description=description)
    button.add_class("course-action")
    button.on_click(lambda _: on_click())
    return button


def panel(*children: widgets.Widget) -> widgets.VBox:
    """Return the framed box that holds a question; it brings its own style sheet, since Colab isolates each output."""
    style = widgets.HTML(f"<style>{STYLE}</style>{screen_reader.markup()}", layout=widgets.Layout(display="none"))
    box = widgets.VBox([style, *children], layout=widgets.Layout(width="auto"))
    box.add_class("course-panel")
    return box


def heading(kicker: str, question: str = "", extra: str = "") -> widgets.HTML:
    """Return a small label and a question's text."""
    label = f'<div class="course-kicker {extra}">{inline(kicker)}</div>' if kicker else ""
    return widgets.HTML(label + (f'<div class="course-question">{inline(question)}</div>' if question else ""))
