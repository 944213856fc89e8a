"""The set-up cell installs in Colab without touching its torch, explains itself elsewhere, and else stays silent."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.authoring.setup_cell import repository, setup_source

COURSE = "def start(lesson):\n    import torch\n    print('started', lesson)\n    return 'a tier'\n"

# A pip that writes down how it was called and "installs" a course; torch must not have been imported before that.
PIP = f"""
import json, os, pathlib, sys
site = pathlib.Path(__file__).parents[1]
arguments = sys.argv[1:]
held = pathlib.Path(arguments[arguments.index("-c") + 1]).read_text() if "-c" in arguments else ""
with open(site / "calls.jsonl", "a") as calls:
    print(json.dumps([arguments, held]), file=calls)
if os.environ.get("NO_NETWORK") and arguments[0] == "install":
    sys.exit("ERROR: could not reach the index")
if arguments[0] == "install":
    (site / "course.py").write_text({COURSE!r})
print("WARNING: pip talks a lot", file=sys.stderr)
"""


@dataclass
class Machine:
    """A Python that has no packages but the pretended ones in `site`."""

    site: Path
    environment: dict

    def add(self, name, source):
        file = self.site / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)

    def run(self, colab):
        kernel = "import google.colab\n" if colab else ""  # Colab's kernel has imported it
        command = [sys.executable, "-S", "-c", kernel + setup_source("lesson06_training")]
        return subprocess.run(command, env=self.environment, cwd=self.site.parent, capture_output=True, text=True)

    def pip_calls(self):
        file = self.site / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def machine(tmp_path):
    site = tmp_path / "site"
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    machine = Machine(site, environment)
    machine.add("pip/__init__.py", "")  # a package of the same name elsewhere would win over a folder without this
    machine.add("pip/__main__.py", PIP)
    machine.add("google/colab/__init__.py", "")
    machine.add("torch.py", "import course  # fails before the course is there, that is, before pip has finished\n")
    for name, version in (("torch", "2.9.0+cu126"), ("numpy", "2.0.2")):
        machine.add(f"{name}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")
    return machine


def test_colab_installs_the_course_and_keeps_its_own_torch_and_numpy(machine):
    done = machine.run(colab=True)
    assert done.returncode == 0, done.stderr
    (uninstall, _), (install, held) = machine.pip_calls()
    assert uninstall == ["uninstall", "-y", "torchao"]
    assert install[0] == "install"
    assert install[-1] == f"git+{repository()}@main"
    assert held.split() == ["torch==2.9.0+cu126", "numpy==2.0.2"]


def test_colab_shows_one_line_of_progress_and_none_of_pips_output(machine):
    done = machine.run(colab=True)
    progress, started = done.stdout.splitlines()
    assert progress.startswith("Installing the course")
    assert started == "started lesson06_training"
    assert done.stderr == ""


def test_running_the_cell_again_installs_nothing(machine):
    machine.run(colab=True)
    calls = machine.pip_calls()
    assert machine.run(colab=True).stdout == "started lesson06_training\n"
    assert machine.pip_calls() == calls


def test_a_failed_installation_says_what_to_do(machine):
    machine.environment["NO_NETWORK"] = "1"
    done = machine.run(colab=True)
    assert done.returncode != 0
    assert "Choose Runtime > Disconnect and delete runtime, then run this cell again." in done.stderr
    assert "could not reach the index" in done.stderr


def test_a_local_notebook_without_the_course_is_told_how_to_get_it(machine):
    done = machine.run(colab=False)
    assert done.returncode != 0
    assert "run `make lab` in its folder" in done.stderr.splitlines()[-1]
    assert machine.pip_calls() == []


def test_where_the_course_is_installed_the_cell_only_starts_it(machine):
    machine.add("course.py", COURSE)
    done = machine.run(colab=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "started lesson06_training\n", "")
    assert machine.pip_calls() == []


def test_the_cell_is_short_enough_to_read():
    lines = setup_source("lesson06_training").splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 120
