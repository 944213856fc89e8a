"""The instructor's guide says only what can be run: its commands, options, lessons and configuration exist."""

import re
import shlex

import pytest
from nbgrader.apps import NbGraderApp

from autograder.authoring.lesson import find_lessons
from autograder.cli import parser


@pytest.fixture(scope="module")
def guide(root):
    return (root / "docs" / "instructor.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def commands(guide):
    """Every command line that is shown, in blocks and in sentences."""
    blocks = [line for block in re.findall(r"^```\n(.*?)^```$", guide, re.M | re.S) for line in block.splitlines()]
    inline = re.findall(r"`((?:autograder|nbgrader) [^`]+)`", guide.replace("\n", " "))
    return [shlex.split(line) for line in [*blocks, *inline] if re.match(r"(autograder|nbgrader) ", line)]


def test_every_command_of_ours_is_accepted(commands):
    ours = [command for command in commands if command[0] == "autograder"]
    assert {command[1] for command in ours} >= {"init", "handout", "grade", "handback", "report", "ledger", "doctor"}
    for command in ours:
        assert parser().parse_args(command[1:]).run


def test_every_command_of_nbgraders_exists(commands):
    named = {command[1] for command in commands if command[0] == "nbgrader"}
    assert named >= {"collect", "zip_collect", "generate_feedback", "release_feedback", "export", "autograde"}
    assert named <= NbGraderApp.subcommands.keys()


def test_every_lesson_that_is_named_exists(guide, root):
    named = set(re.findall(r"\blesson\d\d_\w+", guide))
    assert named and named <= {folder.name for folder in find_lessons(root)}


def test_the_late_penalty_that_is_shown_works(guide):
    code = re.search(r"^cat >> nbgrader_config.py <<'END'\n(.*?)^END$", guide, re.M | re.S)[1]
    names = {"c": type("Config", (), {"AssignLatePenalties": type("Section", (), {})})}
    exec(code, names)
    penalty = names["TenPercentADay"]().late_submission_penalty
    assert [penalty("ada", 20, seconds) for seconds in (1, 86_400, 86_401, 10**9)] == [2, 2, 4, 20]
