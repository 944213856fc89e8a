"""A class of cheats: no point forged, nothing read, nothing left running, and the next learner graded as ever."""

import contextlib
import os
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from attacked import LIMITS, Classroom, attacks, mistakes, points, secrets, states

from autograder.judging import learner
from autograder.judging.options import KernelOptions
from autograder.judging.verdict import FAILED, NOT_ATTEMPTED, PASSED, UNGRADED
from autograder.sandbox import ready
from autograder.sandbox.host import Zygote
from autograder.submissions import snapshot

CODE = attacks("answers", "wire", "reading", "network", "resources", "processes", "isolation")
FILES = attacks("files")
AFTERMATH = ("resources", "processes")  # what may cost others something
MAXIMUM = {"test_double": 2, "test_greet": 3}
POINTS = {FAILED: lambda _: 0, NOT_ATTEMPTED: lambda _: 0, PASSED: MAXIMUM.get, UNGRADED: lambda _: None}
MEMORY = 1_000_000  # kilobytes by which no submission may make the grader grow
NORMAL = 10  # seconds for an honest submission on a busy machine


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("API_TOKEN", "canary-environment")
        patch.setenv("COURSE_GRADING_SEED", "canary-seed")
        patch.setattr(learner, "PATIENCE", 2)  # attacks take all the time that they get
        patch.setattr(learner, "GRACE", 0.3)
        patch.setattr(learner, "TIDY", 1)
        with Zygote(cold=True) as zygote:
            zygote.wait_until_warm()
            options = KernelOptions(cell_timeout=2, call_timeout=1, limits=LIMITS, zygote=zygote.address)
            with _listening() as reachable:
                room = Classroom(tmp_path_factory.mktemp("attacks"), options)
                room.places |= reachable | {"runs": zygote.address, "pid": os.getpid()}
                room.watch(patch)
                yield room
            ready.close()


@contextlib.contextmanager
def _listening():
    """Be a machine that could be reached, were there a way."""
    name = f"attacked-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield {"port": server.getsockname()[1], "abstract": name}


def check(classroom, attack, folder):
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    graded = classroom.grade(folder)
    assert memory("VmHWM") - before < MEMORY
    assert states(graded) == attack.expected, graded.verdicts
    assert points(graded) == {test: POINTS[state](test) for test, state in attack.expected.items()}
    assert not [secret for secret in secrets() if secret in graded.to_text()]
    assert classroom.survivors() == []
    return graded


@pytest.mark.parametrize("attack", CODE, ids=lambda attack: attack.name)
def test_code_gains_nothing(classroom, attack):
    assert not mistakes(check(classroom, attack, classroom.hand_in(attack.path.stem, attack.cells(classroom.places))))
    if attack.path.parent.name in AFTERMATH:
        honest_work_is_graded(classroom, f"after_{attack.path.stem}")


@pytest.mark.parametrize("name", ["the_master", "the_gradebook", "the_grader_among_the_processes"])
def test_the_same_code_reads_what_it_wants_where_nothing_shuts_it_in(classroom, name):
    (attack,) = [attack for attack in CODE if attack.path.stem == name]
    unsafe = KernelOptions(isolation="none")
    graded = classroom.grade(classroom.hand_in(f"free_{name}", attack.cells(classroom.places)), unsafe)
    assert states(graded)["test_double"] == PASSED, graded.verdicts


@pytest.mark.parametrize("attack", FILES, ids=lambda attack: attack.name)
def test_files_gain_nothing(classroom, attack, monkeypatch):
    monkeypatch.setattr(sys, "path", ["", *sys.path])  # where Python is started with -c, the current folder comes first
    monkeypatch.setattr(snapshot, "MAX_FILES", 200)
    folder = classroom.hand_in(attack.path.stem, [])
    attack.spoil(classroom, folder)
    check(classroom, attack, folder)


def memory(kind):
    """Return kilobytes of this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind))


def test_kernels_that_end_one_after_another_have_one_time_limit_together(classroom):
    options = replace(classroom.options, call_timeout=60, limits=replace(LIMITS, seconds=1))
    sleep = "import time\ndef double(x):\n    time.sleep(60)"
    graded = classroom.grade(classroom.hand_in("sleep", [sleep]), options)
    assert states(graded) == {"test_double": FAILED, "test_greet": UNGRADED}
    assert "longer than 1 seconds" in graded.verdicts[0].message and "too long" in graded.verdicts[1].message


def test_honest_work_is_graded_after_all_that(classroom):
    honest_work_is_graded(classroom, "honest")


def honest_work_is_graded(classroom, name):
    started = time.monotonic()
    assert points(classroom.grade(classroom.hand_in(name, []))) == MAXIMUM
    assert time.monotonic() - started < NORMAL
