"""Whose each downloaded file is, which of them counts, and what an instructor is asked to decide."""

import json
import logging
import shutil
import zipfile

import pytest
from nbgrader.apps import ZipCollectApp
from nbgrader.coursedir import CourseDirectory

from autograder.collecting import Extractor, FileCollector
from autograder.earlier import RECORD
from autograder.handins import REFUSED, SUPERSEDED, TAKEN, UNCLEAR, sort_out
from autograder.roster import COLUMNS, FILE, read_roster

LESSON = "lesson06_training"
NOTEBOOK = '{"cells": []}'


class Downloads:
    """A class folder whose archive a test fills."""

    def __init__(self, folder):
        self.folder = folder
        self.archive = folder / "downloaded" / LESSON / "archive"
        self.archive.mkdir(parents=True)
        self.submitted = folder / "submitted"

    def roster(self, *rows):
        (self.folder / FILE).write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")

    def file(self, name, text=NOTEBOOK):
        path = self.archive / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def zip(self, name, student="", lesson=LESSON, notebook=NOTEBOOK, **files):
        path = self.archive / name
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            if notebook:
                archive.writestr(f"{lesson}.ipynb", notebook)
            if student:
                archive.writestr("manifest.json", json.dumps({"student": student, "lesson": lesson, "packed": "now"}))
            for inside, text in files.items():
                archive.writestr(inside.replace("__", "/").replace("_dot_", "."), text)

    def sort(self):
        return {item.path.name: item for item in sort_out(self.archive, LESSON, read_roster(self.folder))}

    def collect(self):
        """Sort and lay out, as `nbgrader zip_collect` does; return state and reason by file."""
        shutil.rmtree(self.archive.parent / "extracted", ignore_errors=True)  # as nbgrader does
        extractor = Extractor()
        extractor.log = logging.getLogger("collect")
        extractor.extract(str(self.archive), str(self.archive.parent / "extracted"))
        record = json.loads((self.archive.parent / RECORD).read_text(encoding="utf-8"))
        return {item["file"]: (item["state"], item["why"]) for item in record}

    def extracted(self, student):
        place = self.archive.parent / "extracted" / student
        return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())

    def submit(self, student, text):
        place = self.submitted / student / LESSON
        place.mkdir(parents=True)
        (place / f"{LESSON}.ipynb").write_text(text)


@pytest.fixture
def downloads(tmp_path):
    return Downloads(tmp_path)


ADA = "ada,Ada,Lovelace,,12345"
EVE = "eve,Eve,Adams,,666"


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


def test_every_file_has_a_state(downloads, capsys):
    downloads.roster(ADA)
    for name in ("lovelaceada_12345_9_a.ipynb", "doejane_7_9_a.ipynb", "work.ipynb", "a\x1b[31mb.ipynb"):
        downloads.file(name)
    (downloads.archive / "link").symlink_to("x")
    downloads.collect()
    said = capsys.readouterr().out
    assert "5 collected = 1 taken + 0 superseded + 3 unclear + 1 refused" in said
    assert "\x1b[31m" not in said


def test_a_folder_in_a_submission_cannot_carry_it_to_another_student(downloads):
    downloads.zip("adamseve_666_9_work.zip", extracted__ada__x_dot_ipynb=NOTEBOOK)
    downloads.collect()
    app = ZipCollectApp()
    app.coursedir = CourseDirectory(parent=app, root=str(downloads.folder), assignment_id=LESSON)
    found = list((downloads.archive.parent / "extracted").rglob("*.ipynb"))
    owners = {FileCollector(parent=app).collect(str(path))["student_id"] for path in found}
    assert len(found) == 2 and owners == {"adamseve"}
