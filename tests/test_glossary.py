"""One glossary for all lessons: sorted, without repetitions, true to the lessons, and one click away in each."""

import re
from pathlib import Path

import pytest

import course
from autograder.authoring.lesson import find_lessons, read_lesson
from autograder.authoring.notebooks import learner_notebook
from course.glossary import FILE, entries, find
from course.lessons import LESSONS

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {int(folder.name[6:8]): folder for folder in find_lessons(ROOT)}


def test_every_line_of_the_list_is_an_entry():
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("-")]
    assert len(lines) == len(entries()) > 80


def test_the_words_are_sorted_and_none_stands_there_twice():
    terms = [entry.term.casefold() for entry in entries()]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.term)
def test_an_entry_is_one_or_two_sentences_and_names_a_lesson_that_uses_the_word(entry):
    assert entry.meaning.endswith(".")
    assert len(re.findall(r"[.?!](?= [A-Z]|$)", entry.meaning)) <= 3
    assert 1 <= entry.lesson <= len(LESSONS)
    if entry.lesson in FOLDERS:
        text = (FOLDERS[entry.lesson] / "lesson.py").read_text(encoding="utf-8")
        text = " ".join(line.removeprefix("# ") for line in text.splitlines()).casefold()
        assert entry.term.casefold() in text


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=lambda folder: folder.name)
def test_every_lesson_links_to_the_glossary_at_the_badge(folder):
    first = learner_notebook(read_lesson(folder)).cells[0].source
    link = re.search(r"\(https://github\.com/[^)]+/blob/main/(course/glossary\.md)\)", first)
    assert link and (ROOT / link[1]).is_file()


def test_a_word_is_found_by_its_name_before_its_mention():
    assert [entry.term for entry in find("rank")] == ["Rank"]
    assert [entry.term for entry in find("AdamW")] == ["Optimizer"]
    assert len(find()) == len(entries())


def test_looking_up_shows_the_meaning_or_says_that_there_is_none(capsys):
    course.glossary("no such word")
    assert "nothing about 'no such word'" in capsys.readouterr().out
