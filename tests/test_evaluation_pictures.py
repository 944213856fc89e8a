"""The pictures of an evaluation say in words what they show."""

from course.pictures.evaluation import draw_agreement, draw_draws, draw_report


def test_draws_are_told_one_by_one():
    fig, alt = draw_draws([45, 49, 50], n=50)
    assert "90, 98, 100" in alt
    assert fig.axes[0].get_title(loc="left") == "One model, 3 draws of 50 tickets: 90 to 100 %"


def test_agreement_counts_both_each_and_neither():
    fig, alt = draw_agreement([1, 1, 0, 0, 1], [1, 0, 1, 0, 1], ("base", "adapter"))
    assert "both right: 2; only the base: 1; only the adapter: 1; neither: 1" in alt
    assert "Only 2 of 5 tickets" in fig.axes[0].get_title(loc="left")


def test_a_report_shows_each_metric_of_each_model():
    row = {"base": 0.5, "tuned": 0.6, "low": 0.05, "high": 0.15}
    reports = {"first": {"triage": row, "voice": row | {"low": -0.2}}, "repaired": {"triage": row, "voice": row}}
    fig, alt = draw_report(reports, {"first": "#b53d00", "repaired": "#00765a"}, "The gate said no, then yes")
    assert "voice, first: -20.0 to +15.0" in alt and "voice, repaired: +5.0 to +15.0" in alt
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["triage", "voice"]
