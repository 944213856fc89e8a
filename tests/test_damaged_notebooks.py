"""Whatever a submitted file holds, it becomes a notebook that can be graded, or a sentence that says why not."""

import copy
import json
import random
import time

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import solution_notebook, source_notebook
from autograder.cells import key
from autograder.judging.outputs import Ran
from autograder.submissions.rebuild import rebuild
from autograder.submissions.submission import read_submission

WORDS = st.sampled_from(
    "cells worksheets metadata nbgrader autograder_placeholder cell_type code markdown source input outputs id".split()
    + "grade_id tags word_counts test_word_counts scaled_update setup skip-execution nbformat kernelspec".split()
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SAFE = {"text/plain", "image/png", "image/jpeg"}


@pytest.fixture(scope="module")
def lesson(tiny):
    return read_lesson(tiny)


@pytest.fixture(scope="module")
def master(lesson):
    return source_notebook(lesson)


def graded_cells(notebook):
    return [cell.source for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def rebuilt(master, path, data):
    path.write_bytes(data)
    notebook = rebuild(master, read_submission(path))
    assert graded_cells(notebook) == graded_cells(master)
    nbformat.validate(notebook)
    return notebook


@QUICK
@given(data=JSON)
def test_any_json_is_a_submission_or_a_problem(data, master, tmp_path):
    notebook = rebuilt(master, tmp_path / "x.ipynb", json.dumps(data).encode())
    assert notebook.metadata.autograder.problem


@QUICK
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_submission_or_a_problem(data, master, tmp_path):
    assert rebuilt(master, tmp_path / "x.ipynb", data).metadata.autograder.problem


@QUICK
@given(edits=st.lists(st.tuples(st.lists(st.integers(0, 30), min_size=1, max_size=5), JSON), max_size=4))
def test_a_notebook_with_parts_replaced_is_rebuilt(edits, lesson, master, tmp_path):
    data = json.loads(nbformat.writes(solution_notebook(lesson)))
    for path, value in edits:
        put(data, path, value)
    rebuilt(master, tmp_path / "x.ipynb", json.dumps(data).encode())


def put(data, path, value):
    """Follow `path` down into lists and dicts, as far as it leads, and put `value` there."""
    for number in path:
        names = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
        if not names:
            return
        name = list(names)[number % len(names)]
        if number == path[-1] or not isinstance(data[name], dict | list):
            data[name] = value
            return
        data = data[name]


@QUICK
@given(places=st.lists(st.tuples(st.integers(0), st.binary(max_size=3)), min_size=1, max_size=5))
def test_a_notebook_with_bytes_replaced_is_rebuilt(places, lesson, master, tmp_path):
    data = bytearray(nbformat.writes(solution_notebook(lesson)).encode())
    for place, value in places:
        data[place % len(data) : place % len(data) + len(value)] = value
    rebuilt(master, tmp_path / "x.ipynb", bytes(data))


@QUICK
@given(
    kind=st.sampled_from(["stream", "display_data", "execute_result", "error"]),
    content=st.dictionaries(
        st.sampled_from("name text data metadata execution_count ename evalue traceback transient".split()),
        JSON | st.dictionaries(st.sampled_from([*SAFE, "text/html"]), JSON, max_size=3),
    ),
)
def test_any_output_is_kept_as_a_notebook_keeps_it_or_left_out(kind, content):
    ran = Ran()
    ran.keep({"msg_type": kind, "content": content, "header": {"msg_type": kind}}, 100)
    cell = nbformat.v4.new_code_cell(outputs=ran.outputs)
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    assert all(set(output.get("data", {})) <= SAFE for output in ran.outputs)


def test_the_master_is_never_changed(lesson, master, tmp_path):
    before = nbformat.writes(master)
    rebuilt(master, tmp_path / "x.ipynb", nbformat.writes(solution_notebook(lesson)).encode())
    assert nbformat.writes(master) == before
    assert key(master.cells[0])


def test_cells_that_are_long_to_compare_with_training_cells_are_compared_quickly(master, tmp_path):
    master, letters = copy.deepcopy(master), "abcdefghij \n" * 350
    master.cells.append(nbformat.v4.new_code_cell(letters, metadata={"tags": ["skip-execution"]}))
    cells = [
        master.cells[0],
        *(nbformat.v4.new_code_cell("".join(random.Random(n).sample(letters, 4_000))) for n in range(200)),
    ]
    started = time.monotonic()
    rebuilt(master, tmp_path / "x.ipynb", nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode())
    assert time.monotonic() - started < 5
