"""The picture says where a learner stands, in words too."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from course.lessons import LESSONS, find_lesson
from course.progress import as_text, draw, next_step, stops
from course.state import LessonState, Progress

ONE, TWO = LESSONS[0].name, LESSONS[1].name


def road(**lessons):
    return stops(Progress(lessons))


def test_all_eight_lessons_are_listed_in_order():
    assert [lesson.number for lesson in LESSONS] == list(range(1, 9))
    assert len(as_text(road()).splitlines()) == 9


@pytest.mark.parametrize(
    ("state", "note"),
    [
        (None, "not started · 60 minutes"),
        (LessonState(), "in progress · 60 minutes"),
        (LessonState(best=4 / 6), "in progress · best score 67% · 60 minutes"),
        (LessonState(best=1.0, complete=True), "complete · best score 100% · 60 minutes"),
    ],
)
def test_a_lesson_says_how_it_stands(state, note):
    found = road(**({ONE: state} if state else {}))
    assert found[0].note == note


def test_the_next_step_is_a_sentence():
    done = LessonState(1.0, True)
    assert next_step(road()).startswith("Next: open lesson 1, Why fine-tune?")
    assert next_step(road(**{ONE: LessonState()})).startswith("Next: finish lesson 1")
    assert "again; your best score so far is 67%" in next_step(road(**{ONE: LessonState(2 / 3)}))
    assert next_step(road(**{ONE: done})).startswith("Next: open lesson 2")
    assert next_step(road(**{lesson.name: done for lesson in LESSONS})).startswith("All eight lessons are complete")


def test_the_picture_is_named_and_described_for_those_who_cannot_see_it():
    picture = ElementTree.fromstring(draw(road(**{ONE: LessonState(1.0, True), TWO: LessonState(0.5)})))
    assert picture.get("role") == "img"
    assert picture.find("title").text == "1 of 8 lessons complete"
    assert "lesson 2, The methods: SFT, RLHF, DPO: in progress · best score 50%" in picture.find("desc").text
    assert [text.text for text in picture.iter("text") if text.get("class") == "sign"] == ["✓", *"2345678"]


def test_a_lesson_that_this_version_does_not_know_is_left_out():
    assert len(road(lesson99_future=LessonState(1.0, True))) == 8


def test_the_minutes_and_the_number_come_with_the_name():
    assert find_lesson("lesson06_training").number == 6
    assert all(30 <= lesson.minutes <= 180 for lesson in LESSONS)
