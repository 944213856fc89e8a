"""A class through nbgrader's stock commands, with every kind of submission that has gone wrong somewhere."""

import copy
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.authoring.lesson import read_answers, read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook
from autograder.gradebook.classroom import fetch, grades, hand_in, nbgrader, submit
from autograder.gradebook.init import make_class_folder

pytestmark = pytest.mark.slow
FIXTURES = Path(__file__).parent / "fixtures"
LESSON = "lesson90_tiny"
FULL = 9.0


@pytest.fixture(scope="module")
def lesson():
    return read_lesson(FIXTURES / LESSON)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, lesson):
    """A class folder in which a good, a middling and an idle learner used the exchange, and many others went wrong."""
    folder = tmp_path_factory.mktemp("class") / "class"
    make_class_folder(folder, FIXTURES)
    nbgrader(folder, "generate_assignment", LESSON)
    nbgrader(folder, "release_assignment", LESSON)
    wrong = {answer.exercise: answer.source for answer in read_answers(FIXTURES / LESSON, lesson) if not answer.right}
    for student, notebook in {
        "ada": solution_notebook(lesson),
        "bob": solution_notebook(lesson, wrong),
        "cy": learner_notebook(lesson),
    }.items():
        copied = fetch(folder, student, LESSON)
        nbformat.write(notebook, copied / f"{LESSON}.ipynb")
        submit(folder, student, LESSON)
    _hand_in_what_goes_wrong(folder, lesson)
    nbgrader(folder, "collect", LESSON)
    log = nbgrader(folder, "autograde", LESSON)
    nbgrader(folder, "generate_feedback", LESSON)
    return folder, log, grades(folder)


def _hand_in_what_goes_wrong(folder, lesson):
    solved = solution_notebook(lesson)
    name = f"{LESSON}.ipynb"
    place = hand_in(folder, "colab", LESSON, _as_colab_saves_it(solved))
    (place / name).rename(place / f"Copy of {LESSON} (1).ipynb")
    place = hand_in(folder, "nested", LESSON, solved)
    (place / "my work").mkdir()
    (place / name).rename(place / "my work" / name)
    (hand_in(folder, "webpage", LESSON, solved) / name).write_text("<!doctype html><html></html>")
    (hand_in(folder, "nothing", LESSON, solved) / name).rename(folder / "submitted" / "nothing" / LESSON / "essay.docx")
    place = hand_in(folder, "linked", LESSON, solved)
    (place / "data.csv").symlink_to(folder / "secret_seed")
    (place / "dangling.csv").symlink_to("nowhere")
    place = hand_in(folder, "linked-notebook", LESSON, solved)
    (place / name).unlink()
    (place / name).symlink_to(folder / "source" / LESSON / name)
    os.mkfifo(hand_in(folder, "fifo", LESSON, solved) / "pipe")
    deadly = solution_notebook(lesson, {"word_counts": "def word_counts(text):\n    import os\n    os._exit(3)"})
    hand_in(folder, "deadly", LESSON, deadly)


def _as_colab_saves_it(notebook):
    """nbformat 4.0, no cell ids, nbgrader's metadata stripped, Colab's own added."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.metadata = {"colab": {}, "executionInfo": {"user": {"displayName": "D"}}, "outputId": "f"}
        del cell["id"]
    notebook.nbformat_minor = 0
    return notebook


def _feedback(folder, student):
    return (folder / "feedback" / student / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")


def _states(folder, student):
    """Score (None when a human must grade) by test."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook(LESSON, LESSON, student)
        return {grade.name: (grade.auto_score, grade.needs_manual_grade) for grade in notebook.grades}


@pytest.mark.parametrize(
    "student, score", [("ada", 9), ("bob", 4), ("cy", 0), ("colab", 9), ("nested", 9), ("linked", 9), ("fifo", 9)]
)
def test_scores_reach_the_gradebook(classroom, student, score):
    folder, _, exported = classroom
    assert exported[student, LESSON] == (score, FULL)
    assert not any(manual for _, manual in _states(folder, student).values())


@pytest.mark.parametrize(
    "student, sentence",
    [
        ("webpage", "It is a web page: in Colab choose File &gt; Download"),
        ("nothing", "No notebook was submitted, only essay.docx."),
        ("linked-notebook", "is a link"),
    ],
)
def test_what_cannot_be_graded_is_left_to_a_human_with_the_reason(classroom, student, sentence):
    folder, _, exported = classroom
    assert exported[student, LESSON] == (0, FULL)
    assert set(_states(folder, student).values()) == {(None, True)}
    assert sentence in _feedback(folder, student).replace("&#46;", ".")


def test_a_deadly_function_costs_its_own_tests_only(classroom):
    folder, _, exported = classroom
    assert exported["deadly", LESSON] == (3, FULL)
    assert "ended the Python process" in _feedback(folder, "deadly")


def test_feedback_shows_points_states_and_sentences_but_no_hidden_test(classroom):
    folder, _, _ = classroom
    for student in ("ada", "bob", "cy"):
        text = _feedback(folder, student)
        assert "ascii_uppercase" not in text and "HIDDEN TESTS" not in text
        graded = (folder / "autograded" / student / LESSON / f"{LESSON}.ipynb").read_text(encoding="utf-8")
        assert "ascii_uppercase" not in graded and "HIDDEN TESTS" not in graded
    assert "passed · 2 of 2 points" in _feedback(folder, "ada")
    assert "Divide alpha by r, the number of rows of A." in _feedback(folder, "bob")
    assert "not attempted · 0 of 3 points" in _feedback(folder, "cy")


def test_links_are_not_followed_and_nothing_handed_in_is_lost(classroom):
    folder, _, _ = classroom
    seed = (folder / "secret_seed").read_text()
    for step in ("submitted", "autograded", "feedback"):
        for path in (folder / step / "linked").rglob("*"):
            assert path.is_dir() or path.suffix in (".ipynb", ".html") or seed not in path.read_text()
    assert (folder / "submitted" / "linked" / LESSON / "data.csv.refused-link").exists()
    assert (folder / "submitted" / "nothing" / LESSON / "essay.docx").exists()


def test_a_resubmission_without_its_cells_does_not_keep_the_old_score(classroom, lesson):
    folder, _, _ = classroom
    student = "again"
    hand_in(folder, student, LESSON, solution_notebook(lesson))
    nbgrader(folder, "autograde", LESSON, f"--student={student}")
    assert sum(score for score, _ in _states(folder, student).values()) == FULL
    emptied = solution_notebook(lesson)
    kept = ("scaled_update", "")
    emptied.cells = [cell for cell in emptied.cells if cell.metadata.get("nbgrader", {}).get("grade_id", "") in kept]
    hand_in(folder, student, LESSON, emptied)
    nbgrader(folder, "autograde", LESSON, f"--student={student}", "--force")
    assert _states(folder, student) == {
        "test_word_counts": (0, False),
        "test_word_counts_edges": (0, False),
        "test_scaled_update": (3, False),
    }


def test_a_run_that_was_killed_is_taken_up_again(classroom, lesson):
    folder, _, _ = classroom
    graded = folder / "autograded" / "ada" / LESSON / f"{LESSON}.ipynb"
    notebook = nbformat.read(graded, as_version=4)
    del notebook.metadata["autograder"]["judged"]
    graded.chmod(0o644)
    nbformat.write(notebook, graded)
    log = nbgrader(folder, "autograde", LESSON, "--student=ada")
    assert "Skipping existing assignment" not in log
    assert sum(score for score, _ in _states(folder, "ada").values()) == FULL


def test_the_formgrader_opens_and_grades(classroom):
    folder, _, _ = classroom
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += ["--IdentityProvider.token=x", "--ServerApp.ip=127.0.0.1"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        for page in ("manage_assignments", "gradebook", f"manage_submissions/{LESSON}"):
            assert _status(f"http://127.0.0.1:{port}/formgrader/{page}?token=x") == 200
        address = f"http://127.0.0.1:{port}/formgrader/api/submission/{LESSON}/bob/autograde"
        with urlopen(Request(address, method="POST", headers={"Authorization": "token x"}), timeout=300) as answer:
            assert json.load(answer)["success"]
        assert sum(score for score, _ in _states(folder, "bob").values()) == 4
    finally:
        server.terminate()
        server.wait(timeout=30)


def _status(address):
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(address, timeout=60) as answer:
                return answer.status
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
