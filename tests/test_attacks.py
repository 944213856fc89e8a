"""A class of cheats: no point forged, nothing read, nothing left running, and the next learner graded as ever."""

import contextlib
import os
import socket
import time

import pytest
from attacked import LIMITS, Classroom, attacks, points, secrets, states

from autograder import learner
from autograder.learner import KernelOptions
from autograder.sandbox import ready
from autograder.sandbox.host import Zygote
from autograder.verdict import PASSED

CODE = attacks("answers", "wire", "reading", "network", "resources", "processes", "isolation")
NORMAL = 10  # seconds for an honest submission on a busy machine


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("API_TOKEN", "canary-environment")
        patch.setenv("COURSE_GRADING_SEED", "canary-seed")
        patch.setattr(learner, "PATIENCE", 2)
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


@pytest.mark.parametrize("attack", CODE, ids=lambda attack: attack.name)
def test_an_attack_gains_nothing(classroom, attack):
    folder = classroom.hand_in(attack.path.stem, attack.cells(classroom.places))
    graded = classroom.grade(folder)
    assert states(graded) == attack.expected, graded.verdicts
    assert points(graded)["test_double"] in (0, None, 2 if attack.expected["test_double"] == PASSED else 0)
    assert not [secret for secret in secrets() if secret in graded.to_text()]
    assert classroom.survivors() == []

    started = time.monotonic()
    honest = classroom.grade(classroom.hand_in(f"after_{attack.path.stem}", []))
    assert points(honest) == {"test_double": 2, "test_greet": 3}
    assert time.monotonic() - started < NORMAL
