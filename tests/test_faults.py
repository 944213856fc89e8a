"""Whatever is killed, locked or full while a class is graded: the next run ends in the gradebook of a quiet one."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from classes import LESSON, copy_class, end, grade, gradebook, make_class, start
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from postgres import BINARIES, server

from autograder.gradebook.classroom import nbgrader
from autograder.gradebook.ledger import Ledger

pytestmark = pytest.mark.slow
KILLS = 20
ENOUGH = 60  # seconds that anything may take on a busy machine


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A class that is graded often, and so without the set-up cell."""
    folder = make_class(tmp_path_factory.mktemp("class") / "class", tmp_path_factory.mktemp("lessons"))
    for path in (*folder.glob("source/*/*.ipynb"), *folder.glob("submitted/*/*/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.id != "setup"]
        nbformat.write(notebook, path)
    return folder


@pytest.fixture(scope="module")
def quiet(handed_in, tmp_path_factory):
    """The gradebook of a run that nothing disturbed, and the seconds that the run took."""
    folder = copy_class(handed_in, tmp_path_factory.mktemp("quiet") / "class")
    started = time.monotonic()
    assert grade(folder)["pending"] == 0
    seconds = time.monotonic() - started
    return gradebook(folder), _exported(folder), seconds


@pytest.fixture
def folder(handed_in, tmp_path):
    return copy_class(handed_in, tmp_path / "class")


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch):
    """Give each test's graders a folder of their own for temporary files: by its name their processes are known."""
    place = tempfile.mkdtemp(prefix="faults-", dir="/tmp")  # a short path: sockets lie below it
    monkeypatch.setenv("TMPDIR", place)
    yield
    assert _gone(), f"still running: {_left_running()}"
    shutil.rmtree(place, ignore_errors=True)


def _left_running():
    """List processes that a grader of this test has started, sandboxed ones included."""
    place, found = os.environ["TMPDIR"].encode(), {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            if int(entry.name) != os.getpid() and (place in words or place in (entry / "environ").read_bytes()):
                found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace")[:200]
    return found


def _gone():
    """Wait until nothing that was started here is left running."""
    deadline = time.monotonic() + ENOUGH / 2
    while _left_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not _left_running()


def _exported(folder, db_url=""):
    """Export as `nbgrader export` does, without starting it: that takes longer than grading the class."""
    with Gradebook(db_url or f"sqlite:///{folder / 'gradebook.db'}") as book:
        CsvExportPlugin(to=str(folder / "grades.csv")).export(book)
    return sorted((folder / "grades.csv").read_bytes().splitlines())  # students come in the order of their grading


def _resumed(folder, quiet, db_url=""):
    """Give the command again, and compare what comes of it with a quiet run."""
    found = grade(folder)
    assert (found["pending"], found["exit status"]) == (0, 0), found
    _as_if_nothing_had_happened(folder, quiet, db_url)


def _as_if_nothing_had_happened(folder, quiet, db_url=""):
    assert gradebook(folder, db_url) == quiet[0]
    assert _exported(folder, db_url) == quiet[1]
    assert Ledger(folder).problems() == []
    assert not [path for path in folder.rglob("*") if ".draft-" in path.name]


def _first_line(process):
    """Wait for the first submission that is graded."""
    for line in process.stdout:
        if " of 5 · " in line:
            return line
    raise AssertionError(process.stderr.read())


def test_a_grader_that_is_killed_again_and_again_loses_nothing(handed_in, quiet, tmp_path):
    moments, kills, classes, whole, fresh = random.Random(20), 0, 1, quiet[2], True
    folder = copy_class(handed_in, tmp_path / "class-1")
    while kills < KILLS:
        process, started = start(folder, "--json"), time.monotonic()
        try:
            out, err = process.communicate(timeout=moments.uniform(0.2, 1) * whole)
            assert process.returncode == 0, out + err
            whole = time.monotonic() - started if fresh else whole  # the machine may be less busy than it was
            _as_if_nothing_had_happened(folder, quiet)
            classes, fresh = classes + 1, True
            folder = copy_class(handed_in, tmp_path / f"class-{classes}")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills, fresh = kills + 1, False
            assert _gone(), _left_running()
    _resumed(folder, quiet)


@pytest.mark.parametrize("victim", ["autograder.sandbox.zygote", "multiprocessing.forkserver"])
def test_a_zygote_or_workers_that_are_killed_cost_nobody_a_point(folder, quiet, victim):
    process = start(folder)
    try:
        _first_line(process)
        for pid in (found := _running(victim)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=2 * ENOUGH)
        assert found and "+ 0 not gradable +" in out, out + err
        assert "Traceback" not in err, err[-4000:]
    finally:
        end(process)
    _resumed(folder, quiet)


def _running(module):
    return [pid for pid, words in _left_running().items() if module in words]


def test_ctrl_c_at_any_moment_stops_cleanly(folder, quiet):
    for share in (0.05, 0.35, 0.6, 0.8):
        process = start(folder)
        try:
            time.sleep(share * quiet[2])
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process at once
            out, err = process.communicate(timeout=ENOUGH)
            assert process.returncode in (130, 0), err
            assert "Traceback" not in out + err
            assert _gone(), _left_running()
        finally:
            end(process)
    _resumed(folder, quiet)


def test_a_locked_gradebook_stops_the_run_with_a_sentence(folder, quiet):
    process = start(folder)
    try:
        _first_line(process)
        with contextlib.closing(sqlite3.connect(folder / "gradebook.db", timeout=ENOUGH)) as other:
            other.execute("BEGIN EXCLUSIVE")
            out, err = process.communicate(timeout=2 * ENOUGH)
        assert process.returncode == 2, out + err
        assert "The gradebook cannot be written to" in out and "locked" in out and "the same command again" in out
        assert "Traceback" not in err, err[-4000:]
    finally:
        end(process)
    _resumed(folder, quiet)


@pytest.mark.skipif(not BINARIES, reason="no PostgreSQL server is installed")
def test_a_connection_that_the_server_ends_costs_nothing(handed_in, quiet, tmp_path):
    folder = copy_class(handed_in, tmp_path / "class")
    with server() as postgres:
        url = postgres.create("faults")
        with (folder / "nbgrader_config.py").open("a") as config:
            config.write(f"c.CourseDirectory.db_url = {url!r}\n")
        nbgrader(folder, "generate_assignment", LESSON, "--force")
        process = start(folder)
        try:
            _first_line(process)
            ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'faults'"
            postgres.run("psql", "-h", postgres.folder, "-U", "postgres", "-c", ended)
            out, err = process.communicate(timeout=2 * ENOUGH)
            assert process.returncode in (0, 1, 2) and "Traceback" not in err, err[-4000:]
        finally:
            end(process)
        _resumed(folder, quiet, url)


def test_a_full_disk_stops_the_run_with_a_sentence(handed_in, quiet, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(small)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this account must not mount a small file system")
    try:
        folder = copy_class(handed_in, small / "class")
        filler = small / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(filler, filler.stat().st_size - 60_000)
        process = start(folder)
        out, err = process.communicate(timeout=2 * ENOUGH)
        assert process.returncode == 2, out + err
        assert "No space left" in out or "full" in out, out
        assert "Traceback" not in err, err[-4000:]
        filler.unlink()
        _resumed(folder, quiet)
    finally:
        assert _gone()
        subprocess.run(["umount", str(small)], check=True)
