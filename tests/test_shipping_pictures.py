"""The pictures of shipping say in words what they show."""

from course.pictures.shipping import (
    draw_drift,
    draw_inbox_scores,
    draw_merge_sizes,
    draw_merges,
    draw_rates,
    first_alarm,
)


def test_merges_are_told_with_their_errors():
    fig, alt = draw_merges({"in 16 bits": 0.001, "in 4 bits": 0.62}, {"in 16 bits": 1e-6, "in 4 bits": 0.005})
    assert "in 4 bits: error 62.00%, shift 0.005 nats" in alt
    assert fig.get_suptitle() == "In 4 bits: an error of 62% of what the adapter changed"


def test_merges_are_told_by_the_size_of_the_change():
    errors = {"packed": [1.05, 0.7], "original": [9.0, 0.9], "bfloat16": [0.17, 0.02], "float16": [0.02, 0.002]}
    fig, alt = draw_merge_sizes([0.01, 0.1], errors, own=0.15)
    assert "original: 900 % at 1 %, 90 % at 10 %" in alt and "This adapter's size: 15.0%" in alt
    assert [label.get_text() for label in fig.axes[0].get_xticklabels()] == ["1", "10"]
    assert "% of the weights" in fig.axes[0].get_xlabel() and "% of the change" in fig.axes[0].get_ylabel()


def test_an_inbox_is_counted_by_job_and_by_whole_message():
    messages = [{"triage": True, "voice": True}, {"prices": True}, {"triage": True, "voice": False, "prices": True}]
    none = [dict.fromkeys(message, False) for message in messages]
    fig, alt = draw_inbox_scores({"prompt only": none, "hybrid": messages})
    assert fig.axes[0].get_title(loc="left") == "One inbox, 3 messages: hybrid does 67% of them wholly right"
    assert "triage, hybrid: 100" in alt and "voice, hybrid: 50" in alt and "the whole message, prompt only: 0" in alt
    labels = [label.get_text() for label in fig.axes[0].get_xticklabels()]
    assert labels == ["triage\n(2)", "voice\n(2)", "price or warranty\n(2)", "the whole message\n(3)"]


def test_rates_name_the_fastest():
    fig, alt = draw_rates({"one by one": 2.0, "one mixed batch": 9.0})
    assert fig.axes[0].get_title(loc="left") == "One mixed batch is 4.5 times as fast as the slowest"
    assert "one by one: 2.0" in alt


def test_an_alarm_comes_when_even_the_high_end_is_below_the_bar():
    assert first_alarm([40, 36, 34, 24], n=40, bar=0.9) == 4
    assert first_alarm([40, 34], n=40, bar=0.9) is None


def test_drift_is_told_week_by_week():
    fig, alt = draw_drift([39, 38, 20], n=40, bar=0.85, changed=3, what="a new rule")
    assert "98, 95, 50" in alt and "the alarm comes in week 3" in alt
    assert fig.axes[0].get_title(loc="left") == "A new rule in week 3: the alarm comes in week 3"
