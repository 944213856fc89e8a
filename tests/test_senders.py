"""Who sent a file: read from names as Canvas, Moodle, an instructor and hand_in write them."""

import pytest

from autograder.exchange.roster import COLUMNS, FILE, read_roster
from autograder.exchange.senders import CANVAS, FOLDER, MOODLE, NAMED, sender_of, without_repeats

LESSON = "lesson06_training"


@pytest.mark.parametrize(
    ("name", "system", "who", "lms_id", "file"),
    [
        (f"lovelaceada_12345_67890_{LESSON}.ipynb", CANVAS, "lovelaceada", "12345", f"{LESSON}.ipynb"),
        (f"lovelaceada_LATE_12345_67890_ada_{LESSON}-2.zip", CANVAS, "lovelaceada", "12345", f"ada_{LESSON}-2.zip"),
        ("lovelaceada_12345_text.html", CANVAS, "lovelaceada", "12345", "text.html"),
        ("anon_aB3dE_67890_work.ipynb", CANVAS, "anon_aB3dE", "anon_aB3dE", "work.ipynb"),
        ("Ada Lovelace_123_assignsubmission_file_work.zip", MOODLE, "Ada Lovelace", "123", "work.zip"),
        ("José O'Neil-Öz_9_assignsubmission_file_a_b.ipynb", MOODLE, "José O'Neil-Öz", "9", "a_b.ipynb"),
        (f"ada_{LESSON}.zip", NAMED, "ada", "", f"{LESSON}.zip"),
        (f"a_b@c.org_{LESSON} (1).zip", NAMED, "a_b@c.org", "", f"{LESSON} (1).zip"),
        (f"Copy of ada_{LESSON}.ipynb", NAMED, "ada", "", f"{LESSON}.ipynb"),
    ],
)
def test_a_file_tells_who_sent_it(name, system, who, lms_id, file):
    sender = sender_of(name)
    assert (sender.system, sender.name, sender.lms_id, sender.file) == (system, who, lms_id, file)


def test_a_folder_is_moodles_or_named_by_the_instructor():
    moodle = sender_of("Ada Lovelace_123_assignsubmission_file_", is_folder=True)
    assert (moodle.system, moodle.name, moodle.prefix) == (
        MOODLE,
        "Ada Lovelace",
        "Ada Lovelace_123_assignsubmission_file_",
    )
    assert sender_of("Ada Lovelace_123_assignsubmission_file", is_folder=True).prefix == moodle.prefix
    assert sender_of("lovelaceada_12345_67890_x", is_folder=True).system == FOLDER


def test_late_and_the_order_of_uploads_are_read():
    late = sender_of("lovelaceada_LATE_12345_67890_work.ipynb")
    assert (late.late, late.upload, late.prefix) == (True, 67890, "lovelaceada_LATE_12345_67890_")
    assert not sender_of("lovelaceada_12345_67890_LATE.ipynb").late


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("adamseve_666_777_lovelaceada_12345_67890_work.ipynb", "666"),
        ("adamseve_666_777_LATE_12345_67890_work.ipynb", "666"),
        ("anon_aB3dE_777_lovelaceada_12345_67890_work.ipynb", "anon_aB3dE"),
        ("Eve Adams_9_assignsubmission_file_Ada Lovelace_123_assignsubmission_file_work.ipynb", "9"),
        ("Eve Adams_9_assignsubmission_file_lovelaceada_12345_67890_work.ipynb", "9"),
    ],
)
def test_a_learners_own_file_name_cannot_name_another_sender(name, owner):
    assert sender_of(name).lms_id == owner


@pytest.mark.parametrize(
    "name", ["work.ipynb", f"{LESSON}.ipynb", "essay_final.docx", "eve_1_2_Ada_3_assignsubmission_file_x.zip"]
)
def test_what_names_nobody_or_two_is_nobodys(name):
    assert sender_of(name) is None


def test_an_instructors_own_pattern_goes_first():
    assert sender_of("ps1-ada-lesson.ipynb", pattern=r"ps1-(?P<student_id>\w+)-(?P<file_id>.*)").name == "ada"


@pytest.mark.parametrize("name", ["work-2.ipynb", "work (1).ipynb", "Copy of work.ipynb", "Copy of work (1)-3.ipynb"])
def test_what_systems_add_to_a_repeated_name_is_taken_off(name):
    assert without_repeats(name) == "work.ipynb"


@pytest.fixture
def roster(tmp_path):
    rows = ["ada,Ada,Lovelace,,12345", "bob,Bob,Öz-Smith,,", "li,Li,Wei,,", "li2,Wei,Li,,"]
    (tmp_path / FILE).write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    return read_roster(tmp_path)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("lovelaceada_12345_1_x.zip", "ada"),
        ("marriedname_12345_1_x.zip", "ada"),
        ("özsmithbob_77_1_x.zip", "bob"),
        ("Bob Öz-Smith_5_assignsubmission_file_x.zip", "bob"),
        ("Ada Lovelace_12345_assignsubmission_file_x.zip", "ada"),
        (f"bob_{LESSON}.zip", "bob"),
        ("lovelaceada_666_1_x.zip", None),  # ada's name, and not her id
        ("Eve Adams_12345_assignsubmission_file_x.zip", None),  # Moodle's number is no one's for good
        ("Li Wei_5_assignsubmission_file_x.zip", None),  # two have this name
        (f"ghost_{LESSON}.zip", None),
    ],
)
def test_a_sender_is_found_in_the_roster(roster, name, student):
    found = roster.find(sender_of(name))
    assert (found.id if found else None) == student


def test_a_roster_from_a_spreadsheet_is_read(tmp_path):
    (tmp_path / FILE).write_text("id; first_name; note\nada; Ada; x\n;;\n", encoding="utf-8-sig")
    assert read_roster(tmp_path).students["ada"].first_name == "Ada"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name\nada\n", "line 1: has no column `id`"),
        ("id\nada\nada\n", "line 3: id ada is there twice"),
        ("id,lms_user_id\nada,5\nbob,5\n", "line 3: lms_user_id 5 is there twice"),
        ("id\n../ada\n", "line 2: '../ada' is no id"),
    ],
)
def test_a_mistake_in_the_roster_is_named_with_its_line(tmp_path, text, sentence):
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        read_roster(tmp_path)


def test_a_class_without_a_roster_has_none(tmp_path):
    assert not read_roster(tmp_path)
