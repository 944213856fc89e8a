"""Show an explorer: controls above a picture that follows them, and the picture alone where no widget can be drawn.

explorer = Explorer("What does it cost?", [slider], draw, "Move the slider.")
explorer.show()

`draw()` reads the controls and returns a figure, its description for those who cannot see it, and a line of HTML.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
from IPython.display import display
from matplotlib.figure import Figure

from course import state
from course.figures import picture
from course.panel import Status, heading, panel

Drawing = tuple[Figure, str, str]


class Explorer:
    """Redraw a picture and a sentence whenever one of the controls changes."""

    def __init__(
        self, title: str, layout: Sequence[Any], controls: Sequence[Any], draw: Callable[[], Drawing], hint: str
    ):
        self.draw, self.picture, self.status = draw, widgets.HTML(), Status()
        self.widget = panel(heading("Explorer", title), widgets.HTML(hint), *layout, self.picture, self.status.widget)
        for control in controls:
            control.observe(lambda change: self.redraw(), names="value")
        self.redraw()

    def redraw(self) -> None:
        """Draw what the controls say now."""
        figure, self.alt, self.text = self.draw()
        self.image = picture(figure, self.alt).data
        self.picture.value = self.image
        self.status.say(self.text)

    def show(self) -> None:
        """Display the explorer; a reader without widgets sees the picture as the controls first stand."""
        if state.in_colab():  # Colab does not say which type of a bundle it prefers: give it the widget alone
            display(self.widget)
            return
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        bundle = {
            "text/plain": self.alt,
            "text/html": f"{self.image}<div>{self.text}</div>",
            "application/vnd.jupyter.widget-view+json": view,
        }
        display(bundle, raw=True)


def number(label: str, value: float, least: float = 0, most: float = 1e9, step: float = 1, whole: bool = True) -> Any:
    """Make a labelled number field that takes typing and the arrow keys."""
    kind = widgets.BoundedIntText if whole else widgets.BoundedFloatText
    return kind(
        value=value, min=least, max=most, step=step, description=label,
        layout=widgets.Layout(width="98%", min_width="0"), style={"description_width": "55%"},
    )  # fmt: skip


def title_of(text: str, color: str) -> Any:
    """Make the coloured name at the head of a column."""
    return widgets.HTML(f'<b style="border-bottom:3px solid {color}">{html.escape(text)}</b>')
