"""Show one training example token by token: what is read only, what is learned, and what a length limit cuts off.

explore_labels(base.tokenizer, draw_tickets(3, seed=1))
show(*draw_tokens(label_tokens(base.tokenizer, ticket), "Only the answer is learned"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.data import prompt_completion
from course.explorer import Explorer
from course.figures import COLOURS, GRID, INK, PAPER, figure
from course.labels import IGNORED, end_of, example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WIDTH = 108  # characters in a row
STATES = {  # state: (fill, ink, edge, what it means)
    "read": (GRID, INK, GRID, "read only (label −100)"),
    "learned": (COLOURS["tuned"], PAPER, COLOURS["tuned"], "learned (label = the token)"),
    "cut": (PAPER, COLOURS["bad"], COLOURS["bad"], "cut off"),
}
LEARN = {"the answer only": False, "every token": True}
END = {"learned": True, "masked": False}


@dataclass(frozen=True)
class Token:
    """One token of a training example: its text, and "read", "learned" or "cut"."""

    text: str
    state: str
    is_end: bool = False


def label_tokens(
    tokenizer: PreTrainedTokenizerBase,
    ticket: Mapping[str, str],
    everything: bool = False,
    end: bool = True,
    max_length: int | None = None,
) -> list[Token]:
    """Return a ticket's training example as tokens, each with what training does to it."""
    row = example(tokenizer, prompt_completion(ticket), learn_prompt=everything, learn_end=end)
    last, tokens = end_of(tokenizer, row["input_ids"]), []
    for place, (token, label) in enumerate(zip(row["input_ids"], row["labels"], strict=True)):
        state = "read" if label == IGNORED else "learned"
        if max_length is not None and place >= max_length:
            state = "cut"
        tokens.append(Token(tokenizer.decode([token]), state, place == last))
    return tokens


def draw_tokens(tokens: Sequence[Token], title: str) -> tuple[Figure, str]:
    """Draw tokens as boxes in reading order, coloured by what training does to them."""
    rows, column = [[]], 0
    for token in tokens:
        text = token.text.replace("\n", "↵").replace(" ", "·")
        if column + len(text) + 1 > WIDTH:
            rows.append([])
            column = 0
        rows[-1].append((column, text, token.state))
        column += len(text) + 2
    fig, ax = figure(title, size=(9.0, 0.42 * len(rows) + 1.15), grid="")
    ax.set(xlim=(-1, WIDTH + 3), ylim=(len(rows) + 0.1, -0.7), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    for line, row in enumerate(rows):
        for column, text, state in row:
            _box(ax, column, line, text, state)
    column = 0
    for state, (*_, meaning) in STATES.items():
        if any(token.state == state for token in tokens):
            _box(ax, column, len(rows) - 0.2, meaning, state, size=8)
            column += len(meaning) + 6
    counts = {state: sum(token.state == state for token in tokens) for state in STATES}
    said = "".join(token.text for token in tokens if token.state == "learned")
    alt = (
        f"{len(tokens)} tokens: {counts['read']} read only, {counts['learned']} learned, {counts['cut']} cut off. "
        f"Learned: {said!r}."
    )
    return fig, alt


def _box(ax, column: float, line: float, text: str, state: str, size: float = 8.5) -> None:
    fill, ink, edge, _ = STATES[state]
    style = {"boxstyle": "round,pad=0.18", "facecolor": fill, "edgecolor": edge, "linewidth": 1.1}
    if state == "cut":
        style["linestyle"] = ":"
    ax.text(column, line, text, family="monospace", fontsize=size, color=ink, va="center", bbox=style)


def draw_labels(
    tokenizer: PreTrainedTokenizerBase, ticket: Mapping[str, str], everything: bool, end: bool, max_length: int
) -> tuple[Figure, str, str]:
    """Draw an example under these settings; return the figure, its description and what will go wrong."""
    tokens = label_tokens(tokenizer, ticket, everything, end, max_length)
    learned = sum(token.state == "learned" for token in tokens)
    fig, alt = draw_tokens(tokens, f"{learned} of {len(tokens)} tokens teach")
    text = f"<p><b>{learned}</b> of {len(tokens)} tokens have a label.{_advice(tokens, everything)}</p>"
    return fig, alt, text


def _advice(tokens: Sequence[Token], everything: bool) -> str:
    end = next(token for token in tokens if token.is_end)
    if not any(token.state == "learned" for token in tokens):
        return " Nothing is left to learn: TRL drops such an example."
    notes = []
    if end.state == "cut":
        notes.append(" The limit cuts off the end of the answer, and with it the token that says stop.")
    elif end.state == "read":
        notes.append(" The end token is read but not learned: nothing here teaches the model to stop.")
    if everything:
        notes.append(" Most of what is learned is how customers write.")
    return "".join(notes) or " The answer and its end are learned, and nothing else."


def explore_labels(tokenizer: PreTrainedTokenizerBase, tickets: Sequence[Mapping[str, str]]) -> None:
    """Show the explorer of labels over these tickets."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "11rem"}}
    longest = max(len(label_tokens(tokenizer, ticket)) for ticket in tickets)
    names = {f"{ticket['text'][:60]}…": number for number, ticket in enumerate(tickets)}
    which = widgets.Dropdown(options=names, description="Ticket", **wide)
    learn = widgets.Dropdown(options=LEARN, description="Learn from", **wide)
    end = widgets.Dropdown(options=END, description="The end token is", **wide)
    limit = widgets.IntSlider(
        value=longest, min=8, max=longest, step=1, description="max_length (tokens)", continuous_update=False, **wide
    )
    controls = [which, learn, end, limit]

    def draw() -> tuple[Figure, str, str]:
        return draw_labels(tokenizer, tickets[which.value], learn.value, end.value, limit.value)

    hint = "A dot is a space, ↵ is a line break. Tab moves between the controls, the arrow keys change them."
    Explorer("Which tokens teach?", controls, controls, draw, hint).show()
