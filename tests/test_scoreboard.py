"""The scoreboard draws each measured row, and describes it for those who cannot see it."""

import pytest

from course.scoreboard import Row, percent, show_scoreboard


def test_the_description_holds_every_figure(capsys):
    rows = {
        "Triage": [
            Row("ticket alone", 7, "30 tokens", "base", valid=12),
            Row("fine-tuned", 93, "30 tokens", "tuned", valid=99),
        ],
        "Prices": [Row("with the document", 88, "82 tokens", "rag")],
    }
    show_scoreboard("Train behaviour, retrieve knowledge", rows)
    told = capsys.readouterr().out
    assert "Triage, fine-tuned: 99 % valid, 93 % right, 30 tokens" in told
    assert "Prices, with the document: 88 % right, 82 tokens" in told


def test_one_group_is_a_scoreboard_too(capsys):
    show_scoreboard("One job", {"Triage": [Row("a", 50, "", "base")]})
    assert "One job" in capsys.readouterr().out


@pytest.mark.parametrize(("value", "words"), [(0, "0 %"), (0.4, "1 %"), (47.6, "48 %"), (99.5, "99 %"), (100, "100 %")])
def test_nearly_all_is_never_rounded_to_all(value, words):
    assert percent(value) == words
