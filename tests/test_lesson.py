"""A lesson is one text file; a mistake in it is named with its file, its cell, and what to do."""

import pytest

from autograder.authoring.lesson import LessonError, find_lessons, grades_files, read_answers, read_lesson


def change(folder, old, new, file="lesson.py"):
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"the fixture no longer holds {old!r}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_titles_tags_and_points_are_read(tiny):
    lesson = read_lesson(tiny)
    assert lesson.name == "lesson90_tiny"
    assert lesson.exercises == ("word_counts", "scaled_update")
    tests = {cell.title: cell.points for cell in lesson.cells if cell.is_test}
    assert tests == {"test_word_counts": 2, "test_word_counts_edges": 4, "test_scaled_update": 3}
    assert [cell.tags for cell in lesson.cells if cell.tags] == [("skip-execution",)]


def test_a_test_belongs_to_the_exercise_with_the_longest_name_that_fits(lesson_copy):
    change(lesson_copy, "# %% scaled_update", "# %% word_counts_edges")
    change(lesson_copy, "# %% test_scaled_update", "# %% test_word_counts_edges_shape")
    lesson = read_lesson(lesson_copy)
    assert lesson.exercise_of("test_word_counts_edges") == "word_counts_edges"
    assert lesson.exercise_of("test_word_counts") == "word_counts"
    assert lesson.exercise_of("test_word") is None


def test_lessons_are_found_by_folder_also_on_a_shelf(tmp_path):
    for folder in ("lesson02_b", "lesson03_to_08/lesson04_d", "lesson01_a", "notes", "build/lesson05_e"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "lesson.py").touch()
    assert [folder.name for folder in find_lessons(tmp_path)] == ["lesson01_a", "lesson02_b", "lesson04_d"]


@pytest.mark.parametrize(
    ("old", "new", "cell", "remedy"),
    [
        ("# %% test_scaled_update", "# %% test_word_counts", "test_word_counts", "rename one"),
        ("# %% test_word_counts points=2", "# %% test_word_counts", "test_word_counts", "points=1"),
        ("points=2", "points=0", "test_word_counts", "points=1"),
        ("points=2", 'points="2"', "test_word_counts", "points=1"),
        ("# %% word_counts", "# %% word_counts points=2", "word_counts", "move points=2 to test_word_counts"),
        ("# %% word_counts", "# %% word counts", "word counts", "no spaces"),
        ("# %% word_counts", "# %% word_counts point=2", "word_counts", "the options are points, tags, title"),
        ("# %% word_counts", '# %% word_counts tags=["skip-execution"]', "word_counts", "remove the tag"),
        ("### BEGIN SOLUTION", "### BEGIN ANSWER", "word_counts", "### BEGIN SOLUTION"),
        ("### BEGIN SOLUTION", "# BEGIN SOLUTION", "word_counts", "### BEGIN SOLUTION"),
        ("    ### END SOLUTION\n", "", "word_counts", "add ### END SOLUTION"),
        ("    ### BEGIN SOLUTION\n", "", "word_counts", "balance BEGIN and END"),
        ("### END HIDDEN TESTS", "### BEGIN HIDDEN TESTS", "test_word_counts", "balance BEGIN and END"),
        ("import torch", "### BEGIN SOLUTION\n### END SOLUTION", "### BEGIN SOLUTION", "does not belong here"),
        ("# %%\nimport torch", "# %% torch\nimport torch", "torch", "remove the title"),
        ("# %% test_scaled_update", "# %% test_rescaled_update", "test_rescaled_update", "test_<exercise>"),
        ("# %% setup\n", "", "lesson.py", "# %% setup"),
        ("# %% setup\n", "# %% setup\nimport os\n", "setup", "leave it empty"),
        ("# %% setup\n", "# %% [raw]\n# text\n# %% setup\n", "text", "[markdown]"),
    ],
)
def test_a_mistake_in_a_lesson_is_named_with_its_cell_and_remedy(lesson_copy, old, new, cell, remedy):
    change(lesson_copy, old, new)
    with pytest.raises(LessonError) as error:
        read_lesson(lesson_copy)
    assert "lesson90_tiny/lesson.py" in str(error.value)
    assert cell in str(error.value)
    assert remedy in str(error.value)


def test_a_test_of_a_submitted_adapter_needs_no_exercise(lesson_copy):
    change(lesson_copy, "# %% test_scaled_update", "# %% test_adapter")
    assert "test_adapter" in [cell.title for cell in read_lesson(lesson_copy).cells]


def test_answers_are_read_with_their_reasons(tiny):
    answers = read_answers(tiny)
    assert [answer.reason for answer in answers if answer.right] == ["uses Counter", "uses einsum"]
    assert len([answer for answer in answers if answer.exercise == "word_counts" and not answer.right]) == 3
    assert answers[3].source.startswith("from collections import Counter")
    assert read_answers(tiny / "answers.py") == answers


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ("# %% scaled_update wrong", "# %% scaled wrong", "it has word_counts, scaled_update"),
        ('wrong="counts each word once"', "", "# %% <exercise> wrong="),
        ('wrong="counts each word once"', 'wrong="a" right="b"', "# %% <exercise> wrong="),
        ('wrong="counts each word once"', 'wring="a"', "the options are right, title, wrong"),
        ('wrong="forgets alpha"', 'wrong="forgets to divide by r"', "give each its own reason"),
        ("def scaled_update(A, B, alpha):\n    return B @ A\n", "", "write the whole exercise cell"),
    ],
)
def test_a_mistake_in_answers_is_named_with_its_remedy(lesson_copy, old, new, remedy):
    change(lesson_copy, old, new, file="answers.py")
    with pytest.raises(LessonError, match="lesson90_tiny/answers.py") as error:
        read_answers(lesson_copy)
    assert remedy in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LessonError, match="lesson.py: does not exist"):
        read_lesson(tmp_path)


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("test_adapter", True), ("test_adapter_memory", True), ("test_capstone", True),
        ("test_adapters_per_gpu", False), ("test_route", False), ("", False),
    ],
)  # fmt: skip
def test_only_tests_of_files_belong_to_no_exercise(title, wanted):
    assert grades_files(title) is wanted
