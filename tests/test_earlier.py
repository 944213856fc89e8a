"""What is laid out of a download, and what it may take the place of."""

import pytest
from downloads import ADA, LESSON, NOTEBOOK, Downloads
from nbgrader.apps import ZipCollectApp
from nbgrader.coursedir import CourseDirectory

from autograder.exchange.collecting import Extractor, FileCollector
from autograder.exchange.handins import REFUSED, SUPERSEDED, TAKEN, UNCLEAR


@pytest.fixture
def downloads(tmp_path):
    return Downloads(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {f"{LESSON}.ipynb": None, "adapter.zip": {"adapter_config.json": "{}"}},
        {f"{LESSON}.ipynb": None, "adapter.zip": {"adapter/adapter_config.json": "{}"}},
        {f"Copy of {LESSON} (1).ipynb": None, "my work.zip": {"runs/adapter/adapter_config.json": "{}"}},
        {"all.zip": {"work/nb.ipynb": NOTEBOOK, "work/adapter/adapter_config.json": "{}"}},
        {"all.zip": {"nb.ipynb": NOTEBOOK, "final/adapter_config.json": "{}"}},
        {f"{LESSON}.ipynb": None, "adapter_config.json": None},
    ],
)
def test_an_adapter_finds_its_way_beside_the_notebook(downloads, files):
    for number, (name, inside) in enumerate(files.items()):
        if inside is None:
            downloads.file(f"lovelaceada_12345_{number}_{name}")
        else:
            inside = {key.replace("/", "__").replace(".", "_dot_"): text for key, text in inside.items()}
            downloads.zip(f"lovelaceada_12345_{number}_{name}", notebook="", **inside)
    downloads.collect()
    assert downloads.extracted("lovelaceada") == ["adapter/adapter_config.json", f"{LESSON}.ipynb"]


def test_a_damaged_zip_is_refused_and_keeps_what_was_submitted_before(downloads):
    downloads.submit("lovelaceada", "earlier")
    downloads.file("lovelaceada_12345_9_work.zip", "no zip")
    downloads.file("adamseve_666_9_work.zip", "no zip")
    found = downloads.collect()
    assert {state for state, _ in found.values()} == {REFUSED}
    assert "What was submitted before stays." in found["lovelaceada_12345_9_work.zip"][1]
    assert downloads.extracted("lovelaceada") == []
    assert downloads.extracted("adamseve") == ["problem.txt"]


def test_one_damaged_zip_of_two_costs_only_itself(downloads):
    downloads.zip("lovelaceada_12345_8_work.zip")
    downloads.file("lovelaceada_12345_9_more.zip", "no zip")
    found = downloads.collect()
    assert [found[name][0] for name in sorted(found)] == [TAKEN, REFUSED]
    assert f"{LESSON}.ipynb" in downloads.extracted("lovelaceada")


def test_a_files_own_word_does_not_replace_what_was_submitted(downloads):
    downloads.submit("ada", "through the exchange")
    downloads.zip(f"ada_{LESSON}.zip", student="ada")
    state, why = downloads.collect()[f"ada_{LESSON}.zip"]
    assert state == UNCLEAR and "has submitted something else before" in why
    assert downloads.extracted("ada") == []


def test_what_came_by_the_exchange_is_not_replaced_by_what_may_be_older(downloads):
    downloads.roster(ADA)
    downloads.file("lovelaceada_12345_9_work.ipynb")
    downloads.submit("ada", "by the exchange")
    (downloads.submitted / "ada" / LESSON / "submission_secret.txt").write_text("x")
    (downloads.submitted / "ada" / LESSON / "timestamp.txt").write_text("2026-11-03 18:00:00 UTC")
    state, why = downloads.collect()["lovelaceada_12345_9_work.ipynb"]
    assert state == UNCLEAR and "through the exchange at 2026-11-03 18:00;" in why
    downloads.file(f"ada/{LESSON}.ipynb", '{"cells": ["this one"]}')
    assert downloads.collect()["ada"][0] == TAKEN, "the instructor has decided"
    (downloads.submitted / "ada" / LESSON / f"{LESSON}.ipynb").write_text("later, by the exchange")
    for _ in range(2):
        state, why = downloads.collect()["ada"]
        assert state == SUPERSEDED and "since, through the exchange" in why
    assert downloads.extracted("ada") == []


def test_a_later_upload_of_the_same_user_replaces_the_earlier_one(downloads):
    downloads.submit("lovelaceada", NOTEBOOK)
    downloads.file(f"lovelaceada_12345_9_{LESSON}.ipynb")
    downloads.collect()
    downloads.file(f"lovelaceada_12345_10_{LESSON}-1.ipynb", '{"cells": [2]}')
    state, why = downloads.collect()[f"lovelaceada_12345_10_{LESSON}-1.ipynb"]
    assert state == TAKEN and "It replaces what was submitted before." in why


def test_without_a_roster_a_name_somebody_chose_replaces_nothing(downloads):
    downloads.submit("ada", "hers")
    downloads.file("ada_9_assignsubmission_file_work.ipynb")  # eve, who calls herself ada in Moodle
    state, why = downloads.collect()["ada_9_assignsubmission_file_work.ipynb"]
    assert state == UNCLEAR and "has submitted something else before" in why


def test_collecting_the_same_again_changes_nothing(downloads):
    downloads.submit("ada", NOTEBOOK)
    (downloads.submitted / "ada" / LESSON / "timestamp.txt").write_text("2026-11-03 18:00:00 UTC")
    downloads.file(f"ada_{LESSON}.ipynb")
    assert downloads.collect()[f"ada_{LESSON}.ipynb"][0] == TAKEN
    assert downloads.extracted("ada") == [f"{LESSON}.ipynb", "timestamp.txt"]


def test_nobody_sets_the_time_of_their_own_submission(downloads):
    downloads.zip("lovelaceada_LATE_12345_9_work.zip", timestamp_dot_txt="2001-01-01 00:00:00 UTC")
    why = downloads.collect()["lovelaceada_LATE_12345_9_work.zip"][1]
    assert "Its timestamp.txt is not believed." in why and "no due date" in why
    assert downloads.extracted("lovelaceada") == [f"{LESSON}.ipynb", "timestamp.txt.refused"]


def app_of(downloads):
    app = ZipCollectApp()
    app.coursedir = CourseDirectory(parent=app, root=str(downloads.folder), assignment_id=LESSON)
    return app


def test_a_mistake_in_the_roster_ends_collecting_before_anything_is_taken(downloads):
    downloads.roster(ADA, ADA)
    downloads.file("lovelaceada_12345_9_work.ipynb")
    with pytest.raises(SystemExit):
        Extractor(parent=app_of(downloads)).extract(str(downloads.archive), str(downloads.archive.parent / "extracted"))
    assert downloads.extracted("ada") == []


def test_a_folder_in_a_submission_cannot_carry_it_to_another_student(downloads):
    downloads.zip("adamseve_666_9_work.zip", extracted__ada__x_dot_ipynb=NOTEBOOK)
    downloads.collect()
    app = app_of(downloads)
    found = list((downloads.archive.parent / "extracted").rglob("*.ipynb"))
    owners = {FileCollector(parent=app).collect(str(path))["student_id"] for path in found}
    assert len(found) == 2 and owners == {"adamseve"}
