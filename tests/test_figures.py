"""Figures read in both themes, in few colours and aloud."""

from __future__ import annotations

import itertools
import re

import pytest

from course.figures import COLOURS, INK, PAPER, figure, label_bars, label_line, picture, show


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", [INK, *COLOURS.values()])
def test_every_colour_may_be_used_for_words_on_the_paper(colour):
    assert (luminance(PAPER) + 0.05) / (luminance(colour) + 0.05) >= 4.5


def seen(colour: str, kind: str) -> tuple[float, ...]:
    """Return a colour as seen with protanopia or deuteranopia (Machado 2009, severity 1, in linear RGB)."""
    matrix = {
        "protanopia": (
            (0.152286, 1.052583, -0.204868),
            (0.114503, 0.786281, 0.099216),
            (-0.003882, -0.048116, 1.051998),
        ),
        "deuteranopia": (
            (0.367322, 0.860646, -0.227968),
            (0.280085, 0.672501, 0.047413),
            (-0.011820, 0.042940, 0.968881),
        ),
    }[kind]
    rgb = [(int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5)]
    return tuple(max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True))) ** (1 / 2.2) for row in matrix)


@pytest.mark.parametrize("kind", ["protanopia", "deuteranopia"])
def test_the_four_approaches_differ_to_colour_blind_eyes(kind):
    four = [COLOURS[name] for name in ("base", "prompt", "rag", "tuned")]
    for one, other in itertools.combinations(four, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one, kind), seen(other, kind), strict=True)) ** 0.5
        assert distance > 0.12, (one, other)


def test_a_picture_carries_its_description():
    fig, ax = figure("The tuned model wins", xlabel="model", ylabel="right (%)")
    label_bars(ax, ax.bar(["base", "tuned"], [18, 99]))
    page = picture(fig, alt='Bars: 18 < 99, "tuned" wins.').data
    assert re.search(r'alt="Bars: 18 &lt; 99, &quot;tuned&quot; wins\."', page)
    assert 'src="data:image/png;base64,' in page


def test_a_picture_without_a_description_is_refused():
    fig, _ = figure("Nothing")
    with pytest.raises(ValueError, match="describe the figure"):
        picture(fig, alt=" ")


def test_lines_are_named_where_they_end():
    _, ax = figure("Loss falls", xlabel="steps", ylabel="loss (nats)")
    label_line(ax, [0, 10], [3, 1], "tuned", COLOURS["tuned"])
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("tuned", (10, 1))]


def test_the_title_states_the_message_over_one_axes_or_two():
    fig, ax = figure("One")
    assert ax.get_title(loc="left") == "One"
    fig, axes = figure("Two", columns=2)
    assert len(axes) == 2 and fig.get_suptitle() == "Two"


def test_a_figure_outside_of_a_notebook_is_shown_as_its_description(capsys):
    fig, _ = figure("One")
    show(fig, alt="The loss falls.")
    assert "The loss falls." in capsys.readouterr().out
