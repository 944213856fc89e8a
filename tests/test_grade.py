"""Many submissions at once end in the gradebook that one after the other gives, whatever happens on the way."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from classes import LESSON, SCORES, copy_class, end, grade, gradebook, make_class, notebook_of, start

from autograder.authoring.lesson import read_lesson
from autograder.gradebook.classroom import hand_in, nbgrader

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A class whose submissions wait to be graded; one cannot be read, one is late and one is somebody else's copy."""
    lessons = tmp_path_factory.mktemp("lessons")
    folder = make_class(tmp_path_factory.mktemp("class") / "class", lessons)
    lesson = read_lesson(lessons / LESSON)
    (hand_in(folder, "web", LESSON, notebook_of(lesson, None)) / f"{LESSON}.ipynb").write_text("<!doctype html>")
    hand_in(folder, "copycat", LESSON, notebook_of(lesson, {}))
    late = hand_in(folder, "late", LESSON, notebook_of(lesson, {}))
    (late / "timestamp.txt").write_text("2030-01-01 00:00:00 UTC")
    return folder


@pytest.fixture(scope="module")
def undisturbed(handed_in, tmp_path_factory):
    """The same class, graded with nbgrader's own command."""
    folder = copy_class(handed_in, tmp_path_factory.mktemp("stock") / "class")
    nbgrader(folder, "autograde", LESSON)
    return folder, gradebook(folder)


@pytest.fixture
def folder(handed_in, tmp_path):
    return copy_class(handed_in, tmp_path / "class")


def test_the_gradebook_is_row_for_row_that_of_nbgrader_autograde(folder, undisturbed):
    found = grade(folder)
    assert gradebook(folder) == undisturbed[1]
    counts = [found[name] for name in ("collected", "graded", "not_gradable", "pending", "exit status")]
    assert counts == [8, 7, 1, 0, 0]
    scores = {student: line["score"] for student, line in found["submissions"].items()}
    assert scores == SCORES | {"copycat": 5, "late": 5, "web": 0}
    assert "web page" in found["submissions"]["web"]["reason"]
    for student in scores:
        assert _autograded(folder, student) == _autograded(undisturbed[0], student)


def _autograded(folder, student):
    notebook = nbformat.read(folder / "autograded" / student / LESSON / f"{LESSON}.ipynb", as_version=4)
    del notebook.metadata.autograder["record"]  # its time differs
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.pop("traceback", None)  # names the cell by the kernel's process
    return notebook


def test_what_nbgrader_has_graded_is_not_graded_again(undisturbed, tmp_path):
    folder = copy_class(undisturbed[0], tmp_path / "class")
    found = grade(folder)
    assert found["unchanged"] == found["collected"] == 8


def test_only_what_changed_is_graded_again(folder):
    grade(folder)
    before = _times(folder)
    path = folder / "submitted" / "cy" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("'Hello!'", "f'Hello, {name}!'"), encoding="utf-8")
    found = grade(folder)
    assert found["unchanged"] == 7 and found["submissions"]["cy"]["score"] == 5
    assert {name for name, when in _times(folder).items() if before[name] != when} == {"cy"}
    master = folder / "source" / LESSON / f"{LESSON}.ipynb"
    master.write_text(master.read_text(encoding="utf-8").replace("by two.", "with 2."), encoding="utf-8")
    assert grade(folder, "--student", "cy")["unchanged"] == 0


def _times(folder):
    return {path.parts[-3]: path.stat().st_mtime_ns for path in folder.glob(f"autograded/*/{LESSON}/*.ipynb")}


def test_equal_submissions_are_graded_once(folder):
    grade(folder)
    assert len(list((folder / ".autograder" / "results").iterdir())) == 7  # the copycat's is ada's


def test_a_grader_that_is_killed_at_any_moment_goes_on_where_it_stopped(folder, undisturbed):
    moments, killed = random.Random(7), 0
    while killed < 2:
        process = start(folder, "--json")
        try:
            process.communicate(timeout=moments.uniform(2, 9))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
    assert killed
    found = grade(folder)
    assert (found["pending"], found["exit status"]) == (0, 0)
    assert gradebook(folder) == undisturbed[1]
    assert _ledger(folder, "verify").returncode == 0


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(folder, undisturbed):
    process = start(folder)
    try:
        first = process.stdout.readline()
        assert " of 8 · " in first
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process at once
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert "You interrupted it." in out and "the same command again" in out
        assert "Traceback" not in out + err
        assert not _processes_left(process)
        left = int(out.split(" not gradable + ")[1].split(" pending")[0])
        assert left
    finally:
        end(process)
    assert not [path for path in folder.rglob("*") if ".draft-" in path.name]
    assert grade(folder)["unchanged"] == 8 - left
    assert gradebook(folder) == undisturbed[1]


def _processes_left(process, seconds=15):
    """List the commands of a session's processes that do not end in the seconds after it."""
    enough = time.monotonic() + seconds
    while (left := _processes_of(process)) and time.monotonic() < enough:
        time.sleep(0.1)
    return [_command(number) for number in left]


def _processes_of(process):
    """List the processes of a session that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid and fields[0] != "Z":
            found.append(status.parent.name)
    return found


def test_a_worker_that_is_killed_costs_nobody_a_point(folder, undisturbed):
    process = start(folder, "--json")
    try:
        deadline = time.monotonic() + 120
        while not (workers := _workers_of(process)) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(workers[0], signal.SIGKILL)
        out, err = process.communicate(timeout=120)
        assert json.loads(out)["pending"] == 0, err
    finally:
        end(process)
    assert gradebook(folder) == undisturbed[1]


def _workers_of(process):
    """List the processes that the fork server has started."""
    servers = [child for child in _children(process.pid) if "forkserver" in _command(child)]
    return [worker for server in servers for worker in _children(server) if "forkserver" in _command(worker)]


def _children(number):
    return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


def _command(number):
    return Path(f"/proc/{number}/cmdline").read_bytes().decode()


def test_whoever_grades_says_what_is_missing(folder, tmp_path):
    def complaint(*arguments):
        command = [sys.executable, "-m", "autograder", "grade", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        return done.stderr

    assert "no class folder" in complaint(LESSON, "--class", str(tmp_path))
    assert f"source/ has {LESSON}" in complaint("lesson99")
    assert "zoe has not submitted" in complaint(LESSON, "--student", "zoe")
    assert "make it at least 1" in complaint(LESSON, "--workers", "0")
    assert "No Dask scheduler answers" in complaint(LESSON, "--scheduler", "tcp://127.0.0.1:1")


def test_the_ledger_of_a_graded_class_verifies_and_replays(undisturbed):
    folder, _ = undisturbed
    verified = _ledger(folder, "verify")
    assert (verified.returncode, verified.stdout.strip()) == (0, "✔ 8 records, unbroken")
    replayed = _ledger(folder, "replay", LESSON, "--student", "bob")
    assert (replayed.returncode, replayed.stdout.strip()) == (0, f"✔ {LESSON}, bob: the same")
    seed = (folder / "secret_seed").read_text().strip()
    assert seed not in (folder / ".autograder" / "ledger.jsonl").read_text()


def test_a_replay_names_what_differs(folder):
    grade(folder, "--student", "ada")
    path = folder / "submitted" / "ada" / LESSON / f"{LESSON}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("2 * x", "3 * x"), encoding="utf-8")
    replayed = _ledger(folder, "replay")
    assert replayed.returncode == 1 and "another one than was graded" in replayed.stdout


def _ledger(folder, *arguments):
    command = [sys.executable, "-m", "autograder", "ledger", *arguments, "--class", str(folder)]
    return subprocess.run(command, capture_output=True, text=True)
