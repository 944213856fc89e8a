"""A Dask cluster grades the same way: a real scheduler, two worker processes that do not see the class folder."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classes import SCORES, copy_class, grade, gradebook, make_class

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    address_file = folder / "scheduler.json"

    def launch(*arguments):
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        log = stack.enter_context((folder / f"{arguments[0]}.log").open("a"))
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        stack.enter_context(process)
        stack.callback(process.terminate)

    with contextlib.ExitStack() as stack:
        launch("scheduler", "--port=0", "--no-dashboard", "--host=127.0.0.1", f"--scheduler-file={address_file}")
        for name in ("one", "two"):
            launch("worker", "--nthreads=1", "--no-dashboard", "--name", name, f"--scheduler-file={address_file}")
        yield _address(address_file)


def _address(file):
    from distributed import Client

    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    with Client(scheduler_file=str(file), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        return client.scheduler.address


def test_a_cluster_gives_the_same_gradebook(cluster, tmp_path):
    folder = make_class(tmp_path / "class", tmp_path / "lessons")
    here = copy_class(folder, tmp_path / "here")
    found = grade(folder, "--scheduler", cluster)
    assert {student: line["score"] for student, line in found["submissions"].items()} == SCORES
    grade(here)
    assert gradebook(folder) == gradebook(here)
    assert grade(folder, "--scheduler", cluster)["unchanged"] == 5
