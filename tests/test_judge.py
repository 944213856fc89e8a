"""Tests run here, the learner's code runs there, and no trick of the learner's earns a point."""

import dataclasses
import math
import os
from functools import partial

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.judging.judge import judge
from autograder.judging.learner import Learner
from autograder.judging.options import KernelOptions
from autograder.judging.verdict import FAILED, NOT_ATTEMPTED, PARTLY, PASSED, UNGRADED, Verdict
from autograder.sandbox.host import SandboxUnavailable

IMPATIENT = KernelOptions(call_timeout=2, cell_timeout=3)


def solution(name, source):
    metadata = {"grade_id": name, "solution": True, "grade": False, "locked": False, "schema_version": 3}
    return new_code_cell(source, id=name, metadata={"nbgrader": metadata, "autograder": {"state": "edited"}})


def graded(name, source, points=2):
    metadata = {"grade_id": name, "solution": False, "grade": True, "locked": True, "points": points}
    return new_code_cell(source, id=name, metadata={"nbgrader": metadata})


@pytest.fixture
def judged(tmp_path):
    """Judge cells (a string is a context cell) and give the verdicts by test."""

    def run(*cells, seed=1, options=None):
        cells = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        found = judge(new_notebook(cells=cells), partial(Learner, tmp_path, options), seed, tmp_path)
        return {verdict.test.removeprefix("test_"): verdict for verdict in found.verdicts}

    return run


def test_states_points_and_sentences(judged):
    verdicts = judged(
        "raise RuntimeError('a context cell may fail')",
        solution("double", "def double(x):\n    return 2 * x"),
        solution("half", "def half(x):\n    return x"),
        solution("later", "def later(x):\n    raise NotImplementedError"),
        solution("broken", "def broken(x):\n    return x['key']"),
        solution("strict", "def strict(x):\n    raise ValueError('no')"),
        solution("table", "table = {'a': [1, 2]}"),
        solution("unparsed", "def unparsed(x)\n    return x"),
        graded("test_unparsed", "assert unparsed(4) == 4"),
        graded("test_double", "assert double(4) == 8, 'Multiply by two.'"),
        graded("test_half", "assert half(4) == 2, 'Divide by two.'"),
        graded("test_half_hidden", "### BEGIN HIDDEN TESTS\nassert half(4) == 2\n### END HIDDEN TESTS"),
        graded("test_half_visible", "assert half(4) == 2"),
        graded("test_later", "assert later(1)"),
        graded("test_broken", "broken({})"),
        graded("test_strict", "try:\n    strict(1)\nexcept ValueError as error:\n    assert str(error) == 'no'"),
        graded("test_table", "assert table['a'][1] == 2 and sum(value for value in table['a']) == 3"),
        graded("test_missing", "assert missing(1)"),
        graded("test_part", "print('one is wrong')\n0.5 * double(1)", points=4),
        graded("test_too_much", "double(100)"),
        graded("test_negative", "double(-1)"),
        graded("test_nan", "double(float('nan'))"),
        graded("test_bug", "import no_such_module"),
        graded("test_none", "assert half(None) + 1"),
        graded("test_syntax", "assert ("),
    )
    assert {name: (found.state, found.points) for name, found in verdicts.items()} == {
        "double": (PASSED, 2), "half": (FAILED, 0), "half_hidden": (FAILED, 0), "half_visible": (FAILED, 0),
        "later": (NOT_ATTEMPTED, 0), "broken": (FAILED, 0), "strict": (PASSED, 2), "table": (PASSED, 2),
        "missing": (NOT_ATTEMPTED, 0), "part": (PARTLY, 1), "too_much": (PASSED, 2), "negative": (FAILED, 0),
        "unparsed": (FAILED, 0),
        "nan": (FAILED, 0), "bug": (UNGRADED, None), "none": (FAILED, 0), "syntax": (UNGRADED, None),
    }  # fmt: skip
    assert verdicts["unparsed"].message.startswith("`unparsed` is not defined: its cell stopped with SyntaxError")
    assert verdicts["half"].message == "Divide by two."
    assert verdicts["half_hidden"].message.startswith("A hidden test of `half` failed.")
    assert verdicts["half_visible"].message == "This check failed: assert half(4) == 2"
    assert verdicts["broken"].message == "`broken` raised KeyError: 'key' (line 2: return x['key'])"
    assert verdicts["part"].message == "one is wrong"
    assert "TypeError" in verdicts["none"].message


def test_the_rules_of_the_course_are_enforced(judged):
    verdicts = judged(
        "import random\ncalls = []",
        solution("tidy", "def tidy(items, *, extra=()):\n    items.sort()\n    return items"),
        solution("moody", "def moody(x):\n    calls.append(x)\n    return len(calls)"),
        solution("lucky", "def lucky(x):\n    return random.random()"),
        solution("lazy", "def lazy(x):\n    return (number for number in [x])"),
        solution("files", "def files(folder):\n    import os\n    return len(os.listdir(folder))"),
        graded("test_tidy", "assert tidy([2, 1]) == [1, 2]"),
        graded("test_moody", "assert moody(1) == 1"),
        graded("test_lucky", "assert 0 <= lucky(1) < 1"),
        graded("test_lazy", "assert list(lazy(1)) == [1]"),
        graded("test_files", "import tempfile, os\nwith tempfile.TemporaryDirectory() as folder:\n"
               "    assert files(folder) == 0\n    open(os.path.join(folder, 'a'), 'w').close()\n"
               "    assert files(folder) == 1"),
    )  # fmt: skip
    assert verdicts["tidy"].message == "`tidy` changes its argument items. Work on a copy instead."
    assert "gave another result when it was called again" in verdicts["moody"].message
    assert "gave another result when it was called again" in verdicts["lucky"].message
    assert verdicts["lazy"].message == "`lazy` returned a generator; return a list."
    assert verdicts["files"].state == PASSED
    assert {found.points for name, found in verdicts.items() if name != "files"} == {0}


def test_a_test_cannot_swallow_a_broken_rule(judged):
    verdicts = judged(
        solution("tidy", "def tidy(items):\n    items.sort()\n    return items"),
        graded("test_tidy", "try:\n    tidy([2, 1])\nexcept BaseException:\n    pass"),
    )
    assert verdicts["tidy"].state == FAILED


def test_a_death_or_an_endless_loop_costs_one_test(judged):
    verdicts = judged(
        "base = 2",
        solution("die", "def die(x):\n    import os\n    os._exit(1)"),
        solution("loop", "def loop(x):\n    while True:\n        pass"),
        solution("double", "def double(x):\n    return base * x"),
        graded("test_die", "die(1)"),
        graded("test_loop", "loop(1)"),
        graded("test_double", "assert double(2) == 4"),
        options=IMPATIENT,
    )
    assert verdicts["die"].message.startswith("`die` ended the Python process")
    assert verdicts["loop"].message == "`loop` took longer than 2 seconds (is there an endless loop?)."
    assert verdicts["double"].state == PASSED


def test_a_deadly_cell_is_left_out_of_the_next_kernel(judged):
    verdicts = judged(
        solution("first", "first = 1"),
        "import os\nos._exit(1)",
        "while True: pass",
        solution("second", "second = first + 1"),
        graded("test_second", "assert second == 2"),
        options=IMPATIENT,
    )
    assert verdicts["second"].state == PASSED


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
def test_what_ends_a_loop_does_not_end_a_loop_of_the_tests(judged, error):
    verdicts = judged(
        solution("valid", f"def valid(x):\n    raise {error}"), graded("test_valid", "assert all(map(valid, [1, 2]))")
    )
    assert (verdicts["valid"].points, verdicts["valid"].message) == (
        0,
        f"`valid` raised {error} (line 2: raise {error})",
    )


def test_the_learner_cannot_read_the_tests_or_the_seed(judged):
    spy = "import os\ndef spy(x):\n    return any('mystery' in name for name in [*In, *globals()])"
    spy += " or 'COURSE_GRADING_SEED' in os.environ"
    test = "mystery = 1\nimport os\nassert 'COURSE_GRADING_SEED' in os.environ\nassert spy(1) is False"
    verdicts = judged(solution("spy", spy), graded("test_spy", test))
    assert verdicts["spy"].state == PASSED


def test_names_of_the_learners_do_not_disturb_the_wire(judged):
    verdicts = judged(
        "json = encode = decode = sys = answer = base64 = None\ndel sys",
        "%reset -f",
        solution("double", "def double(x):\n    return 2 * x"),
        graded("test_double", "assert double(4) == 8"),
    )
    assert verdicts["double"].state == PASSED


def test_the_seed_is_there_while_a_test_runs_and_the_world_is_as_before_afterwards(judged, tmp_path):
    here = os.getcwd()
    (tmp_path / "adapter").mkdir()
    verdicts = judged(
        solution("echo", "def echo(x):\n    print('called')\n    return x"),
        graded("test_echo", "import os, random\nassert os.environ['COURSE_GRADING_SEED'] == '5'\n"
               "assert os.path.isdir('adapter')\nprint(random.random(), echo(1))\n1.0"),
        seed=5,
    )  # fmt: skip
    assert verdicts["echo"].state == PARTLY and "called" in verdicts["echo"].printed
    assert os.getcwd() == here and "COURSE_GRADING_SEED" not in os.environ


def test_gradients_flow_through_the_learners_function(judged):
    verdicts = judged(
        "import torch",
        solution("square", "def square(x):\n    return (x ** 2).sum()"),
        solution("cut", "def cut(x):\n    return (x.detach() ** 2).sum()"),
        graded("test_square", "import torch\nx = torch.tensor([1.0, 3.0], requires_grad=True)\nsquare(x).backward()\n"
               "assert torch.equal(x.grad, torch.tensor([2.0, 6.0]))"),
        graded("test_cut", "import torch\nx = torch.ones(2, requires_grad=True)\n"
               "assert cut(x).requires_grad, 'Keep the loss differentiable.'"),
    )  # fmt: skip
    assert verdicts["square"].state == PASSED, verdicts["square"].message
    assert verdicts["cut"].message == "Keep the loss differentiable."


def test_equal_seeds_give_equal_draws(judged):
    draw = graded("test_echo", "import random\necho(random.random())")
    cells = (solution("echo", "def echo(x):\n    return x"), draw)
    assert judged(*cells, seed=1)["echo"].points == judged(*cells, seed=1)["echo"].points
    assert judged(*cells, seed=1)["echo"].points != judged(*cells, seed=2)["echo"].points


@pytest.mark.parametrize(
    "change", [{"points": 3.0}, {"points": math.nan}, {"points": -1.0}, {"points": None}, {"state": "perfect"}]
)
def test_no_verdict_outside_its_bounds_can_be_made(change):
    with pytest.raises(ValueError):
        dataclasses.replace(Verdict("test_a", PASSED, 2.0, 2.0), **change)


def test_a_test_that_the_sandbox_left_in_the_middle_is_nobodys_failure(judged):
    vanishes = "import pathlib, shutil, tempfile\nplace = pathlib.Path(tempfile.gettempdir())\nassert double(4) == 8\n"
    with pytest.raises(SandboxUnavailable):
        judged(
            solution("double", "def double(x):\n    return 2 * x"),
            graded("test_double", f"{vanishes}shutil.rmtree(place.parent)\n(place / 'file').write_text('x')"),
        )
