"""Whose each downloaded file is, which of them counts, and what an instructor is asked to decide."""

import pytest
from downloads import ADA, EVE, LESSON, Downloads

from autograder.exchange.handins import REFUSED, SUPERSEDED, TAKEN, UNCLEAR


@pytest.fixture
def downloads(tmp_path):
    return Downloads(tmp_path)


def test_what_the_system_says_counts_and_not_the_manifest(downloads):
    downloads.roster(ADA, EVE)
    downloads.zip("adamseve_666_9_work.zip", student="ada")
    item = downloads.sort()["adamseve_666_9_work.zip"]
    assert (item.state, item.student) == (TAKEN, "eve")
    assert "manifest says ada; Canvas says eve" in item.why


def test_without_a_roster_nobody_becomes_another_student_by_a_manifest(downloads):
    downloads.zip("adamseve_666_9_work.zip", student="ada")
    downloads.zip("lovelaceada_12345_8_work.zip", student="ada")
    found = downloads.sort()
    assert [(item.student, item.state) for item in found.values()] == [("adamseve", TAKEN), ("lovelaceada", TAKEN)]


def test_a_user_that_the_roster_does_not_know_waits_for_the_instructor(downloads):
    downloads.roster(ADA)
    downloads.zip("doejane_777_9_work.zip", student="ada")
    item = downloads.sort()["doejane_777_9_work.zip"]
    assert (item.state, item.student) == (UNCLEAR, "")
    assert "add a row for Canvas user 777 (doejane)" in item.why


def test_two_users_of_one_name_are_told_apart_before_either_is_taken(downloads):
    downloads.file("Ada Lovelace_1_assignsubmission_file_a.ipynb")
    downloads.file("Ada Lovelace_2_assignsubmission_file_a.ipynb")
    assert {item.state for item in downloads.sort().values()} == {UNCLEAR}


def test_the_latest_upload_of_a_file_counts_and_other_files_stay_with_it(downloads):
    downloads.roster(ADA)
    downloads.file(f"lovelaceada_12345_100_{LESSON}.ipynb", '{"cells": [1]}')
    downloads.file(f"lovelaceada_LATE_12345_99_{LESSON}-2.ipynb", '{"cells": [2]}')
    downloads.file(f"lovelaceada_12345_101_{LESSON}-1.ipynb", '{"cells": [3]}')
    downloads.file("lovelaceada_12345_102_notes.txt", "mine")
    states = {name.split("_12345_")[1]: state for name, (state, _) in downloads.collect().items()}
    assert states == {
        f"100_{LESSON}.ipynb": SUPERSEDED,
        f"99_{LESSON}-2.ipynb": SUPERSEDED,
        f"101_{LESSON}-1.ipynb": TAKEN,
        "102_notes.txt": TAKEN,
    }
    assert downloads.extracted("ada") == [f"{LESSON}.ipynb", "notes.txt"]
    assert '"cells": [3]' in (downloads.archive.parent / "extracted/ada" / f"{LESSON}.ipynb").read_text()


def test_a_zip_of_hand_in_is_taken_where_nobody_else_knows_the_sender(downloads):
    downloads.roster(ADA)
    downloads.zip(f"ada_{LESSON}.zip", student="ada")
    downloads.zip(f"ada_{LESSON} (1).zip", student="ada")
    assert sorted(item.state for item in downloads.sort().values()) == [SUPERSEDED, TAKEN]  # the same bytes


def test_what_came_twice_by_two_ways_is_no_riddle(downloads):
    downloads.roster(ADA)
    for name in (f"ada_{LESSON}.zip", "lovelaceada_12345_9_work.zip"):
        downloads.zip(name, student="ada")
    found = downloads.sort()
    assert found[f"ada_{LESSON}.zip"].state == SUPERSEDED


def test_a_zip_that_somebody_renamed_is_its_manifests_and_this_is_said(downloads):
    downloads.zip("final version.zip", student="ada")
    item = downloads.sort()["final version.zip"]
    assert (item.state, item.student) == (TAKEN, "ada")
    assert "the id is its manifest's" in item.why


@pytest.mark.parametrize(
    "rival", [f"ada_{LESSON} (1).zip", "final.zip", "lovelaceada_12345_9_work.zip"], ids=["name", "manifest", "Canvas"]
)
def test_a_file_that_only_says_it_is_adas_replaces_nothing_of_hers(downloads, rival):
    downloads.roster(ADA, EVE)
    downloads.zip(f"ada_{LESSON}.zip", student="ada", notebook='{"cells": ["forged"]}')
    downloads.zip(rival, student="ada")
    found = downloads.sort()
    assert found[f"ada_{LESSON}.zip"].state == UNCLEAR
    assert found[rival].state == (TAKEN if "12345" in rival else UNCLEAR)


def test_a_name_and_a_manifest_that_disagree_are_left_to_the_instructor(downloads):
    downloads.zip(f"ada_{LESSON}.zip", student="eve")
    downloads.file("work.ipynb")
    assert {item.state for item in downloads.sort().values()} == {UNCLEAR}


def test_an_instructor_decides_by_a_folder(downloads):
    downloads.roster(ADA)
    downloads.zip(f"ada_{LESSON}.zip", student="ada", notebook='{"cells": ["forged"]}')
    downloads.zip("lovelaceada_12345_9_work.zip")
    downloads.zip("ada/anything.zip", student="eve", adapter__adapter_config_dot_json="{}")
    found = downloads.collect()
    assert found["ada"][0] == TAKEN
    assert found["lovelaceada_12345_9_work.zip"][0] == SUPERSEDED
    assert found[f"ada_{LESSON}.zip"][0] == UNCLEAR
    assert downloads.extracted("ada") == ["adapter/adapter_config.json", f"{LESSON}.ipynb", "manifest.json"]


def test_another_lessons_zip_is_taken_and_said(downloads):
    downloads.roster(ADA)
    downloads.zip("lovelaceada_12345_9_work.zip", student="ada", lesson="lesson05_qlora")
    downloads.file("ada_lesson04_lora.ipynb")
    found = downloads.sort()
    assert "Its manifest says that it is lesson05_qlora" in found["lovelaceada_12345_9_work.zip"].why
    assert "Its name says that it is lesson04_lora" in found["ada_lesson04_lora.ipynb"].why


def test_a_download_that_was_not_unpacked_is_refused_with_the_remedy(downloads):
    downloads.zip("submissions.zip", notebook="", lovelaceada_1_2_x_dot_ipynb="", adamseve_3_4_x_dot_ipynb="")
    downloads.file("submissions/lovelaceada_1_2_x.ipynb")
    downloads.file("submissions/adamseve_3_4_x.ipynb")
    found = downloads.sort()
    assert {item.state for item in found.values()} == {REFUSED}
    assert "unpack it" in found["submissions.zip"].why and "move them up" in found["submissions"].why


def test_a_link_is_refused(downloads):
    (downloads.archive / f"ada_{LESSON}.ipynb").symlink_to("/etc/passwd")
    assert downloads.sort()[f"ada_{LESSON}.ipynb"].state == REFUSED


def test_every_file_has_a_state(downloads, capsys):
    downloads.roster(ADA)
    for name in ("lovelaceada_12345_9_a.ipynb", "doejane_7_9_a.ipynb", "work.ipynb", "a\x1b[31mb.ipynb"):
        downloads.file(name)
    (downloads.archive / "link").symlink_to("x")
    downloads.collect()
    said = capsys.readouterr().out
    assert "5 collected = 1 taken + 0 superseded + 3 unclear + 1 refused" in said
    assert "\x1b[31m" not in said
