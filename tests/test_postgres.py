"""A gradebook in PostgreSQL: the same rows, and a lost server costs no result."""

import pytest
from classes import LESSON, copy_class, end, grade, gradebook, make_class, start
from postgres import BINARIES, server

from autograder.gradebook.classroom import nbgrader

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not BINARIES, reason="no PostgreSQL server is installed")]


@pytest.fixture(scope="module")
def postgres():
    with server() as running:
        yield running


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("class") / "class", tmp_path_factory.mktemp("lessons"))


def moved(class_folder, tmp_path, url):
    """Give a copy of a class whose gradebook is in PostgreSQL, by nbgrader's own setting."""
    folder = copy_class(class_folder, tmp_path / "class")
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(f"c.CourseDirectory.db_url = {url!r}\n")
    nbgrader(folder, "generate_assignment", LESSON, "--force")
    return folder


def test_the_gradebook_is_the_same_as_in_sqlite(postgres, class_folder, tmp_path):
    in_sqlite = copy_class(class_folder, tmp_path / "sqlite")
    grade(in_sqlite)
    url = postgres.create("graded")
    folder = moved(class_folder, tmp_path, url)
    assert grade(folder)["pending"] == 0
    assert gradebook(folder, url) == gradebook(in_sqlite)
    assert grade(folder)["unchanged"] == 5
    nbgrader(folder, "generate_feedback", LESSON)
    nbgrader(folder, "export")
    assert "ada" in (folder / "grades.csv").read_text()
    stock = postgres.create("stock")
    nbgrader(folder, "generate_assignment", LESSON, "--force", f"--db={stock}")
    nbgrader(folder, "autograde", LESSON, "--force", f"--db={stock}")
    assert gradebook(folder, stock) == gradebook(folder, url)


def test_the_gradebook_can_be_named_on_the_command_line(postgres, class_folder, tmp_path):
    url = postgres.create("named")
    folder = copy_class(class_folder, tmp_path / "class")
    nbgrader(folder, "generate_assignment", LESSON, "--force", f"--db={url}")
    grade(folder, "--db", url, "--student", "ada")
    assert gradebook(folder, url)["ada"][1] == 5
    assert "ada" not in gradebook(folder)


def test_a_lost_server_stops_the_run_with_a_sentence_and_nothing_is_lost(postgres, class_folder, tmp_path):
    url = postgres.create("lost")
    folder = moved(class_folder, tmp_path, url)
    process = start(folder)
    try:
        assert " of 5 · " in process.stdout.readline()
        postgres.stop()
        out, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "The gradebook cannot be written to" in out and "the same command again" in out
        assert "Traceback" not in err, err[-4000:]
    finally:
        end(process)
        postgres.start()
    assert grade(folder)["pending"] == 0
    undisturbed = copy_class(class_folder, tmp_path / "sqlite")
    grade(undisturbed)
    assert gradebook(folder, url) == gradebook(undisturbed)
