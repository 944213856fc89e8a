"""The ledger: every verdict leaves a record, and no record can be changed, removed or lost unseen."""

import json
import os
import subprocess
import sys

import pytest

from autograder.gradebook.ledger import NAME, Ledger, entry
from autograder.judging.grading import Graded, Inputs
from autograder.judging.verdict import FAILED, PASSED, UNGRADED, Verdict

LESSON = "lesson90_tiny"
INPUTS = Inputs("submission", "tests", "versions", "seed", "sandbox", "options")


def graded(points=2.0):
    verdicts = Verdict("test_a", PASSED if points else FAILED, points, 2.0), Verdict("test_b", UNGRADED, None, 1.0)
    return Graded(INPUTS, verdicts)


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path)
    for student in ("ada", "bob", "cy"):
        ledger.append(entry(student, LESSON, graded()))
    return ledger


def lines(ledger):
    return ledger.path.read_text().splitlines()


def test_a_record_says_what_was_graded_and_how_it_was_scored(ledger):
    first, second, _ = ledger.records()
    assert (first["student"], first["submission"], first["isolation"]) == ("ada", "submission", "sandbox")
    assert first["scores"] == {"test_a": [2.0, 2.0, PASSED], "test_b": [None, 1.0, UNGRADED]}
    assert second["previous"] == first["hash"]
    assert ledger.problems() == []


def test_the_last_word_is_not_said_twice_and_another_word_is_added(ledger):
    ledger.append(entry("bob", LESSON, graded()))
    assert len(lines(ledger)) == 3
    ledger.append(entry("bob", LESSON, graded(0.0)))
    assert ledger.latest(LESSON, "bob")["scores"]["test_a"] == [0.0, 2.0, FAILED]
    assert len(lines(ledger)) == 4 and ledger.problems() == []


@pytest.mark.parametrize(
    "tamper, sentence",
    [
        (lambda found: [found[0], found[1].replace("[2.0", "[1.0"), found[2]], "Record 2 (bob, lesson90_tiny) was"),
        (lambda found: [found[0], found[2]], "Record 2 (cy, lesson90_tiny) does not follow"),
        (lambda found: [found[1], found[0], found[2]], "Record 1 (bob, lesson90_tiny) does not follow"),
        (lambda found: [found[0], found[0], *found[1:]], "Record 2 (ada, lesson90_tiny) does not follow"),
        (lambda found: [found[0], "no record", found[2]], "Record 2 of the ledger is damaged"),
        (lambda found: [found[0], "[]", found[2]], "Record 2 of the ledger is damaged"),
    ],
)  # fmt: skip
def test_the_first_record_that_was_tampered_with_is_named(ledger, tamper, sentence):
    ledger.path.write_text("\n".join(tamper(lines(ledger))) + "\n")
    (problem,) = ledger.problems()
    assert problem.startswith(sentence)
    ledger.append(entry("dan", LESSON, graded()))  # grading goes on
    assert ledger.problems() == [problem]


def test_a_record_that_was_changed_and_hashed_anew_breaks_the_chain(ledger):
    import autograder.gradebook.ledger as module

    found = [json.loads(line) for line in lines(ledger)]
    found[0]["scores"]["test_a"][0] = 1.0
    found[0]["hash"] = module._hash(found[0])
    ledger.path.write_text("".join(json.dumps(record) + "\n" for record in found))
    assert ledger.problems()[0].startswith("Record 2 (bob, lesson90_tiny) does not follow")


def test_a_ledger_whose_end_was_cut_off_lacks_the_record_of_a_graded_notebook(ledger, tmp_path):
    place = tmp_path / "autograded" / "cy" / LESSON
    place.mkdir(parents=True)
    record = ledger.latest(LESSON, "cy")["hash"]
    (place / f"{LESSON}.ipynb").write_text(json.dumps({"metadata": {"autograder": {"record": record}}}))
    assert ledger.problems() == []
    ledger.path.write_text("\n".join(lines(ledger)[:2]) + "\n")
    assert "cy" in ledger.problems()[0] and "cut off" in ledger.problems()[0]


@pytest.mark.parametrize("kept", [1, 40, -2])
def test_a_torn_line_is_detected_and_repaired_with_a_note(ledger, kept):
    whole = lines(ledger)
    torn = whole[2][:kept]
    ledger.path.write_text("\n".join([*whole[:2], torn]))
    assert ledger.torn() and ledger.problems() == []
    ledger.append(entry("cy", LESSON, graded()))
    students = [record.get("student") for record in ledger.records()]
    assert students == ["ada", "bob", None, "cy"]
    assert f"{len(torn)} bytes" in list(ledger.records())[2]["note"]
    assert not ledger.torn() and ledger.problems() == []


def test_a_whole_record_without_its_newline_is_kept(ledger):
    ledger.path.write_text("\n".join(lines(ledger)))
    ledger.append(entry("dan", LESSON, graded()))
    assert [record["student"] for record in ledger.records()] == ["ada", "bob", "cy", "dan"]
    assert ledger.problems() == []


def test_writers_at_the_same_time_leave_one_chain(tmp_path):
    code = (
        "import sys; from pathlib import Path; from autograder.gradebook.ledger import Ledger\n"
        "for number in range(20):\n"
        "    Ledger(Path(sys.argv[1])).append({'student': sys.argv[2], 'lesson': str(number)})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, tmp_path, name]) for name in ("ada", "bob")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(lines(Ledger(tmp_path))) == 40 and Ledger(tmp_path).problems() == []


def test_a_full_disk_leaves_the_ledger_as_it_was(ledger, monkeypatch):
    before = ledger.path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        ledger.append(entry("dan", LESSON, graded()))
    assert ledger.path.read_bytes() == before


def test_only_the_instructor_can_read_the_ledger(ledger):
    assert ledger.path.name == NAME
    assert ledger.path.parent.stat().st_mode & 0o077 == 0
