"""The rules of lessons are checked without running them, and what breaks one is named."""

from dataclasses import replace

import pytest
from test_lesson import change

from autograder.authoring.lesson import Cell, Lesson, read_lesson
from autograder.authoring.quizzes import course_quiz_problems, lesson_quiz_problems, read_questions
from autograder.authoring.rules import global_names, problems

QUIZ_ONLY = ("quick check", "knowledge check")


def rule_breaks(folder):
    """List the problems of a lesson that has no quizzes, leaving out that it has none."""
    return [problem for problem in problems(read_lesson(folder)) if not any(word in problem for word in QUIZ_ONLY)]


def test_a_sound_lesson_breaks_no_rule(tiny):
    assert rule_breaks(tiny) == []


@pytest.mark.parametrize(
    ("old", "new", "cell", "says"),
    [
        ("import string\n\ntexts", "texts", "test_word_counts_edges", "uses string"),
        ("import torch\n\nA, B", "A, B", "test_scaled_update", "uses torch"),
        ("update = scaled", "texts\nupdate = scaled", "test_scaled_update", "uses texts"),
        (
            "### BEGIN HIDDEN TESTS\nA, B = ",
            "### BEGIN HIDDEN TESTS\nrows = 1\n### END HIDDEN TESTS\nrows\n### BEGIN HIDDEN TESTS\nA, B = ",
            "test_scaled_update",
            "uses rows once its hidden tests are cut out",
        ),
        ("A, B = torch.tensor", "from torch import *\nA, B = torch.tensor", "test_scaled_update", "imports *"),
        ("update = scaled_update", "update = word_counts = scaled_update", "test_scaled_update", "rename yours"),
        (", \"Count every occurrence: 'a' stands there twice.\"", "", "test_word_counts", "has no message"),
        ('"Multiply B A by alpha / r."', '""', "test_scaled_update", "has no message"),
        ("<details><summary>Hint</summary>`A.shape[0]` is r.</details>", "", "scaled_update", "has no hint"),
        ("counts[word] = ", "counts[word] == = ", "word_counts", "is not Python"),
        ("earned = 0", "### BEGIN HIDDEN TESTS\nif 1:\n### END HIDDEN TESTS\n    earned = 0", "edges", "without its"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named(lesson_copy, old, new, cell, says):
    change(lesson_copy, old, new)
    broken = rule_breaks(lesson_copy)
    assert len(broken) == 1, broken
    assert cell in broken[0]
    assert says in broken[0]


def test_an_exercise_needs_a_test_that_learners_see(lesson_copy):
    for points, aspect in (("2", ""), ("4", "_edges")):
        change(lesson_copy, f"# %% test_word_counts{aspect} points={points}", f"# %% test_adapter{aspect} points=1")
    assert any("word_counts: has no test that learners see" in problem for problem in rule_breaks(lesson_copy))


def test_an_exercise_needs_three_wrong_answers_and_a_right_one(lesson_copy):
    change(lesson_copy, '# %% scaled_update wrong="forgets alpha"', '# %% word_counts wrong="again"', "answers.py")
    change(lesson_copy, '# %% word_counts right="uses Counter"', '# %% word_counts wrong="and again"', "answers.py")
    broken = rule_breaks(lesson_copy)
    assert ["exercise word_counts: answers.py has 5 wrong and 0 right" in problem for problem in broken] == [
        True,
        False,
    ]
    assert "exercise scaled_update: answers.py has 2 wrong and 1 right" in broken[1]


def test_a_mistake_in_answers_is_a_problem_of_the_lesson(lesson_copy):
    change(lesson_copy, "# %% scaled_update wrong", "# %% scaled wrong", "answers.py")
    assert "answers.py, cell 5 (scaled)" in rule_breaks(lesson_copy)[0]


@pytest.mark.parametrize(
    ("source", "bound", "taken"),
    [
        ("total = sum(x for x in values if x > low)", {"total"}, {"sum", "values", "low"}),
        ("[last := x for x in values]\nlast", {"last"}, {"values"}),
        ("key = lambda a, *b, c=default: a + b + c + other", {"key"}, {"default", "other"}),
        ("def f(n):\n    def g():\n        return n + outside\n    return g()", {"f"}, {"outside"}),
        ("def f():\n    global made\n    made = 1\nf()\nmade", {"f", "made"}, set()),
        ("class C:\n    x = 1\n    def f(self):\n        return x", {"C"}, {"x"}),
        ("try:\n    pass\nexcept Odd as error:\n    error", {"error"}, {"Odd"}),
        ("import os.path as p, json\nfrom math import pi as π", {"p", "json", "π"}, set()),
        ("match value:\n    case {'a': first, **rest}:\n        first, rest", {"first", "rest"}, {"value"}),
        ("with opened as f, g() as (a, b):\n    pass", {"f", "a", "b"}, {"opened", "g"}),
        ("f'{shown:{width}}'", set(), {"shown", "width"}),
    ],
)
def test_names_are_bound_or_taken_from_outside_as_python_scopes_them(source, bound, taken):
    assert global_names(source) == (bound, taken)


def choices(count, right, longest):
    return ", ".join(
        f'Choice("{"long " * (number == longest)}option {number}", "Because."{", correct=True" * (number == right)})'
        for number in range(count)
    )


def quiz(tmp_path, rights, longest, name="lesson01_a"):
    """Make a lesson of quick checks and one knowledge check, whose right options stand at `rights`."""
    questions = [
        f'"Question {n}?", {choices(3, r, long)}' for n, (r, long) in enumerate(zip(rights, longest, strict=True))
    ]
    sources = [f"# @title Quick check\nquick_check({question})" for question in questions[:4]]
    asked = ", ".join([f'"{name}"', *(f"Question({question})" for question in questions[4:])])
    sources.append(f"# @title Knowledge check\ncourse.knowledge_check({asked}, pass_mark=0.8)")
    return Lesson(
        tmp_path / name, name, tuple(Cell("code", "", None, ("skip-execution",), source) for source in sources)
    )


FAIR = [0, 1, 2, 1, 0, 2, 1, 0, 2, 0]
ELSEWHERE = [1, 0, 1, 2, 1, 0, 0, 2, 2, 0]  # the right option is the longest in two of ten


def test_a_fair_quiz_is_accepted(tmp_path):
    lesson = quiz(tmp_path, FAIR, ELSEWHERE)
    assert lesson_quiz_problems(lesson) == []
    assert course_quiz_problems([lesson]) == []
    questions, _ = read_questions(lesson)
    assert [question.right_position for question in questions] == FAIR


def test_a_question_whose_answers_are_open_to_read_is_reported(tmp_path):
    lesson = quiz(tmp_path, FAIR, ELSEWHERE)
    cells = [replace(cell, source=cell.source.removeprefix("# @title Quick check\n")) for cell in lesson.cells]
    found = lesson_quiz_problems(replace(lesson, cells=tuple(cells)))
    assert len(found) == 4 and "folds away its answers" in found[0]


def test_magics_beside_a_question_do_not_hide_it(tmp_path):
    cell = Cell("code", "", None, (), f'%matplotlib inline\nquick_check("Why?", {choices(2, 1, 0)})')
    questions, problems = read_questions(Lesson(tmp_path, "lesson01_a", (cell,)))
    assert ([question.text for question in questions], problems) == (["Why?"], [])


def test_a_position_that_is_right_too_often_is_named(tmp_path):
    broken = course_quiz_problems([quiz(tmp_path, [1] * 5 + [0, 2, 0, 2, 0], [0] * 5 + [1] * 5)])
    assert len(broken) == 1
    assert "Option 2 is right in 5 of 10 questions" in broken[0]


def test_right_options_that_are_the_longest_too_often_are_named(tmp_path):
    broken = course_quiz_problems([quiz(tmp_path, FAIR, [*FAIR[:5], *ELSEWHERE[5:]])])
    assert len(broken) == 1
    assert "longest in 7 of 10 questions" in broken[0]
    assert "'Question 0?'" in broken[0]


def test_equal_lengths_count_as_longest(tmp_path):
    assert "longest in 10 of 10" in course_quiz_problems([quiz(tmp_path, FAIR, [None] * 10)])[0]


def test_too_few_questions_are_counted(tmp_path):
    broken = lesson_quiz_problems(quiz(tmp_path, FAIR[:3], ELSEWHERE[:3]))
    assert "has 3 quick checks: write at least 4" in broken[0]
    assert "knowledge check has 0 questions: write at least 6" in broken[1]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ('quick_check("Why?", *options)', "write each option as Choice"),
        ('quick_check(question, Choice("a", "b", correct=True), Choice("c", "d"))', "write the question as a string"),
        ('quick_check("Why?", Choice("a", "b"), Choice("c", "d"))', "exactly one with correct=True"),
        ('quick_check("Why?", Choice("a", "b", True), Choice("c", ""))', "its explanation as strings"),
        ('knowledge_check("lesson01_a", *questions)', "write each question as Question"),
        ('knowledge_check("lesson02_b")', 'its first argument is "lesson01_a"'),
    ],
)
def test_a_question_that_cannot_be_read_is_named(tmp_path, call, says):
    lesson = Lesson(tmp_path, "lesson01_a", (Cell("code", "", None, (), call),))
    assert any(says in problem for problem in lesson_quiz_problems(lesson))
