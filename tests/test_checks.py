"""Questions answer every choice, and only a passed knowledge check completes a lesson."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys

import pytest

import course
from course import Choice, Question, state
from course.checks import QuickCheck, as_markdown, as_text
from course.knowledge import KnowledgeCheck
from course.panel import STYLE, inline, plain

RIGHT, WRONG, OTHER = Choice("four", "Yes.", correct=True), Choice("five", "One too many."), Choice("3", "One short.")
LESSON = "lesson01_why_finetune"


@pytest.fixture(autouse=True)
def progress_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path / "progress.json"))
    monkeypatch.delenv("COURSE_LESSON", raising=False)
    return tmp_path / "progress.json"


@pytest.fixture
def check():
    return KnowledgeCheck(LESSON, tuple(Question(f"Question {n}", WRONG, RIGHT) for n in range(6)))


def answer(check, right: int) -> None:
    for n in range(6):
        check.choose(n, 1 if n < right else 0)
    check.submit()


def test_the_public_names_are_these():
    functions = "certificate glossary hand_in knowledge_check progress quick_check start student".split()
    assert course.__all__ == ["Choice", "Question", *functions]
    assert all(hasattr(course, name) for name in course.__all__)


def test_importing_the_course_imports_no_heavy_library():
    heavy = "torch", "transformers", "datasets", "matplotlib", "peft", "numpy"
    code = f"import course, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("choices", "advice"),
    [
        ([RIGHT], "2 to 8 choices; it has 1"),
        ([WRONG, OTHER], "exactly one choice .* correct=True; 0 are marked"),
        ([RIGHT, Choice("4", "Yes.", correct=True)], "exactly one choice .* 2 are marked"),
        ([RIGHT, ("five", "One too many.")], "as Choice"),
        ([RIGHT, WRONG, WRONG], "same text"),
    ],
)
def test_a_faulty_question_says_what_to_do(choices, advice):
    with pytest.raises(ValueError, match=advice):
        Question("2 + 2?", *choices)


@pytest.mark.parametrize("explanation", ["", "  "])
def test_every_choice_needs_an_explanation(explanation):
    with pytest.raises(ValueError, match="explain the choice 'five'"):
        Choice("five", explanation)


def test_an_empty_question_is_refused():
    with pytest.raises(ValueError, match="needs a text"):
        Question(" ", RIGHT, WRONG)


def test_a_quick_check_explains_each_choice_and_lets_the_learner_try_again():
    check = QuickCheck(Question("2 + 2?", WRONG, RIGHT, OTHER))
    check.options[0].button.click()
    assert "✗ Not this one (A)." in check.status.widget.value
    assert "One too many. Try another." in check.status.widget.value
    check.options[1].button.click()
    assert "✓ Right (B).</b> Yes.</p>" in check.status.widget.value
    assert [option.mark for option in check.options] == ["wrong", "right", ""]


def test_what_a_screen_reader_hears_names_the_verdict():
    check = QuickCheck(Question("2 + 2?", WRONG, RIGHT))
    assert [option.button.description for option in check.options] == ["A. five", "B. four"]
    check.choose(0)
    assert check.options[0].button.description == "A. five (not this one)"
    assert 'role="status" aria-live="polite"' in check.status.widget.value
    assert 'aria-hidden="true"' in check.options[0].row.value, "the row repeats what the button says"


def test_a_quick_check_begins_its_lesson_and_no_more(progress_file, monkeypatch):
    QuickCheck(Question("2 + 2?", WRONG, RIGHT)).choose(1)
    assert not progress_file.exists()
    monkeypatch.setenv("COURSE_LESSON", LESSON)
    check = QuickCheck(Question("2 + 2?", WRONG, RIGHT))
    assert not progress_file.exists(), "showing a question is not answering it"
    check.choose(1)
    assert state.load().lesson(LESSON) == state.LessonState(best=None, complete=False)


def test_code_in_backticks_is_shown_as_code_and_markup_is_not_obeyed():
    assert inline("is `a < b` <b>bold</b> & true?") == "is <code>a &lt; b</code> &lt;b&gt;bold&lt;/b&gt; &amp; true?"
    assert plain("is `a < b`?") == "is a < b?"
    check = QuickCheck(Question("What is `x`?", Choice("<script>", "No `y`.", correct=True), WRONG))
    check.choose(0)
    assert "&lt;script&gt;" in check.options[0].row.value
    assert "<code>y</code>" in check.status.widget.value


def test_a_reader_without_widgets_sees_the_question_with_its_answers_folded_away():
    question = Question("2 + 2?", WRONG, RIGHT)
    assert as_text("Quick check", [question]) == "Quick check: 2 + 2?\n  A. five\n  B. four"
    page = as_markdown("Quick check", [question])
    shown, folded = page.split("<details>")
    assert "One too many." not in shown and "✓" not in shown
    assert "✗ A. One too many." in folded and "✓ B. Yes." in folded


def test_a_knowledge_check_needs_six_questions_a_lesson_and_a_sensible_pass_mark():
    question = Question("2 + 2?", WRONG, RIGHT)
    with pytest.raises(ValueError, match="at least 6 questions"):
        KnowledgeCheck(LESSON, (question,) * 5)
    with pytest.raises(ValueError, match="use one of: lesson01_why_finetune"):
        KnowledgeCheck("lesson1", (question,) * 6)
    with pytest.raises(ValueError, match="between 0 and 1, not 80"):
        KnowledgeCheck(LESSON, (question,) * 6, pass_mark=80)
    with pytest.raises(ValueError, match="as Question"):
        KnowledgeCheck(LESSON, ("2 + 2?",) * 6)


@pytest.mark.parametrize(("questions", "needed"), [(6, 5), (7, 6), (8, 7), (10, 8), (15, 12)])
def test_the_pass_mark_is_rounded_up_and_never_by_a_floating_point_hair(questions, needed):
    assert KnowledgeCheck(LESSON, (Question("2 + 2?", WRONG, RIGHT),) * questions).needed == needed


def test_an_unfinished_lesson_says_what_is_missing(check):
    assert "Lesson 1 is not complete yet: answer the knowledge check, 5 of 6 needed." in check.standing.widget.value


def test_nothing_is_explained_before_every_question_is_answered(check, progress_file):
    for n in range(5):
        check.choose(n, 1)
    check.submit()
    assert "Question 6 has no answer yet." in check.status.widget.value
    assert not any("Yes." in feedback.widget.value for feedback in check.feedback)
    assert not progress_file.exists()


def test_an_answer_may_be_changed_until_it_is_submitted(check):
    check.choose(0, 0)
    check.choose(0, 1)
    assert [option.mark for option in check.options[0]] == ["", "chosen"]
    answer(check, 6)
    check.choose(0, 0)
    assert check.score == 6 and "Try again" in check.status.widget.value


def test_four_of_six_fail_and_do_not_complete_the_lesson(check):
    answer(check, 4)
    assert "✗ Not passed yet.</b> 4 of 6 right, 5 needed." in check.status.widget.value
    assert "(best score 4 of 6)" in check.standing.widget.value
    assert [feedback.widget.value.count("One too many.") for feedback in check.feedback] == [0, 0, 0, 0, 1, 1]
    assert state.load().lesson(LESSON).complete is False


def test_a_retry_clears_the_answers_and_five_of_six_complete_the_lesson(check, progress_file):
    answer(check, 4)
    check.submit_button.click()
    assert check.answers == [None] * 6
    assert not any("too many" in feedback.widget.value for feedback in check.feedback)
    answer(check, 5)
    assert "✓ Passed." in check.status.widget.value
    assert "✓ Lesson 1 is complete</b> (best score 5 of 6)." in check.standing.widget.value
    assert json.loads(progress_file.read_text())["lessons"][LESSON]["complete"] is True


def test_a_worse_retry_takes_nothing_away(check):
    answer(check, 6)
    check.retry()
    answer(check, 0)
    assert state.load().lesson(LESSON) == state.LessonState(best=1.0, complete=True)
    assert "best score 6 of 6" in check.standing.widget.value


def test_a_later_kernel_remembers(check):
    answer(check, 5)
    again = KnowledgeCheck(LESSON, check.questions)
    assert "Lesson 1 is complete" in again.standing.widget.value
    assert again.answers == [None] * 6


def test_a_damaged_file_is_mentioned_in_the_check(progress_file):
    progress_file.write_text("{")
    check = KnowledgeCheck(LESSON, (Question("2 + 2?", WRONG, RIGHT),) * 6)
    assert "progress.damaged-1.json" in check.standing.widget.value


def test_a_call_stays_readable_for_tools_that_only_parse_it():
    call = ast.parse("quick_check('2 + 2?', Choice('five', 'No.'), Choice('four', 'Yes.', correct=True))").body[0].value
    right = [any(word.arg == "correct" for word in choice.keywords) for choice in call.args[1:]]
    assert right == [False, True]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(("theme", "paper"), [(0, "#ffffff"), (1, "#111111"), (1, "#1e1e1e"), (1, "#383838")])
def test_words_and_marks_have_enough_contrast(theme, paper):
    for name in ("accent", "right", "wrong"):
        colour = re.findall(rf"--course-{name}: (#[0-9a-f]{{6}});", STYLE)[theme]
        light, dark = sorted((luminance(colour), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, colour, paper)
