"""Every lesson proves itself: solution, stub, each right and each wrong answer earn what they should."""

from pathlib import Path

import pytest

from autograder.authoring.lesson import find_lessons, read_answers, read_lesson
from autograder.authoring.prove import prove

ROOT = Path(__file__).resolve().parents[1]
LESSONS = [*find_lessons(ROOT / "tests" / "fixtures"), *find_lessons(ROOT)]


@pytest.mark.slow
@pytest.mark.parametrize("folder", LESSONS, ids=lambda folder: folder.name)
def test_every_answer_earns_what_it_should(folder):
    lesson = read_lesson(folder)
    proofs = list(prove(lesson, read_answers(folder, lesson)))
    surprises = {f"{proof.exercise}: {proof.reason}": proof.verdicts for proof in proofs if not proof.holds}
    assert not surprises
    unnamed = [proof.reason for proof in proofs if proof.kind == "wrong" and "A hidden test of" in proof.message]
    assert not unnamed, "a wrong answer's message names the mistake: give the assertion a sentence"
