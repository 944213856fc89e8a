"""Twelve learners through a whole term's lesson, with nbgrader's stock commands: the road of docs/instructor.md."""

import copy
import os
import re
import zipfile

import nbformat
import pytest
from classes import LESSON
from term import Class

from autograder.cli import main
from autograder.gradebook.classroom import nbgrader

pytestmark = pytest.mark.slow
LATE_PENALTY = re.compile(r"^cat >> nbgrader_config.py <<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)
ROSTER = """\
id,first_name,last_name,email,lms_user_id
ada,Ada,Lovelace,,
bob,Bob,Brown,,
lea,Lea,Lang,,
cy,Cy,Clark,,
dora,Dora,Dean,,104
emil,Emil,Ebert,,105
fay,Fay,Ford,,106
gus,Gus,Gray,,107
ivy,Ivy,Ito,,109
jon,Jon,Jung,,110
kim,Kim,Kahn,,111
"""
NEW_TEST = 'assert double(0.5) == 1, "Halves are doubled as well."'


@pytest.fixture(scope="module")
def term(tmp_path_factory, root):
    """Release, submit, collect and grade once; every test then looks at, or goes on with, this class."""
    term = Class(tmp_path_factory.mktemp("term"))
    (term.folder / "students.csv").write_text(ROSTER, encoding="utf-8")
    with (term.folder / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(LATE_PENALTY.search((root / "docs" / "instructor.md").read_text(encoding="utf-8"))[1])
    nbgrader(term.folder, "db", "student", "import", "students.csv")
    term.nbgrader("generate_assignment")
    nbgrader(term.folder, "db", "assignment", "add", LESSON, "--duedate=2030-01-31 23:59:59 UTC")
    term.nbgrader("release_assignment")
    _hand_in(term)
    term.nbgrader("collect")
    term.first = term.collect_downloads()
    with (term.folder / "students.csv").open("a", encoding="utf-8") as file:
        file.write("hal,Hal,Hill,,108\n")
    term.second = term.collect_downloads()
    term.nbgrader("autograde")
    term.nbgrader("generate_feedback")
    term.exported = term.grades()
    return term


def _hand_in(term):
    wrong = "def double(x):\n    return x + x if x > 0 else 0"
    term.submit("ada", term.notebook())
    term.submit("bob", term.notebook(double=wrong))
    term.submit("lea", term.notebook(double=wrong))
    term.archive.mkdir(parents=True)
    (term.archive / "Cy Clark_77_assignsubmission_file_").mkdir()
    term.upload(f"Cy Clark_77_assignsubmission_file_/{LESSON}.ipynb", term.notebook(why=None))
    term.upload(f"deandora_104_1_Copy of {LESSON} (1).ipynb", _as_colab_saves_it(term.notebook()))
    term.upload(f"ebertemil_LATE_105_2_{LESSON}.ipynb", term.notebook())
    term.upload(f"fordfay_106_3_{LESSON}.ipynb", term.notebook(why=None))
    term.upload(f"fordfay_106_4_{LESSON}-1.ipynb", term.notebook())
    term.upload(f"graygus_107_5_{LESSON}.ipynb", term.notebook())
    term.upload("graygus_107_6_my first try.ipynb", term.notebook(why=None))
    term.upload(f"hillhal_108_7_{LESSON}.ipynb", term.notebook())
    with zipfile.ZipFile(term.archive / "itoivy_109_8_work.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr(f"{LESSON}.ipynb", bytes(110 * 2**20))
    text = nbformat.writes(term.notebook())
    (term.archive / f"jungjon_110_9_{LESSON}.ipynb").write_text(text[: len(text) // 2], encoding="utf-8")
    term.pack("kim", term.notebook(), name="kahnkim_111_10_kim.zip")


def _as_colab_saves_it(notebook):
    """nbformat 4.0, no cell ids, nbgrader's metadata stripped; the id of a cell of words is lost as well."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.metadata = {"id": cell["id"], "executionInfo": {"user": {"displayName": "D"}}}
        del cell["id"]
    notebook.nbformat_minor = 0
    return notebook


def test_everything_downloaded_is_accounted_for(term):
    states = {name: state for name, (state, _) in term.second.items()}
    assert states.pop("itoivy_109_8_work.zip") == "refused"
    assert states.pop(f"fordfay_106_3_{LESSON}.ipynb") == "superseded"
    assert set(states.values()) == {"taken"} and len(states) == 9
    assert "11 collected = 9 taken + 1 superseded + 0 unclear + 1 refused" in term.said
    state, why = term.first[f"hillhal_108_7_{LESSON}.ipynb"]
    assert state == "unclear" and "add a row for Canvas user 108 (hillhal)" in why


@pytest.mark.parametrize(
    ("student", "score"),
    [("ada", 5), ("bob", 3), ("lea", 3), ("cy", 0), ("dora", 5), ("fay", 5), ("gus", 5), ("hal", 5), ("kim", 5)],
)
def test_each_earns_what_their_work_is_worth(term, student, score):
    assert term.exported[student] == (score, 0)


def test_who_was_late_loses_a_tenth(term):
    assert term.exported["emil"] == (4.5, 0.5)


@pytest.mark.parametrize(
    ("student", "sentence"),
    [("ivy", "unpacks to more than 100 times its size"), ("jon", "is not a notebook: it stops being JSON")],
)
def test_what_cannot_be_graded_waits_for_a_human_with_its_reason(term, student, sentence):
    assert all(points == (None, None, True) for points in term.points(student).values())
    assert sentence in _feedback(term, student)


def test_the_answer_in_words_waits_for_a_human_unless_there_is_none(term):
    assert term.points("ada")["why"] == (None, None, True)
    assert term.points("cy")["why"] == (0, None, False)


def test_the_adapter_came_along(term):
    assert (term.folder / "submitted" / "kim" / LESSON / "adapter" / "adapter_config.json").is_file()


def test_feedback_reaches_everybody(term, tmp_path, monkeypatch):
    said = term.nbgrader("release_feedback")
    assert "dora handed in another way" in said
    home = term.folder / "learners" / "bob"
    nbgrader(term.folder, "fetch_feedback", LESSON, cwd=home)
    pages = list((home / LESSON / "feedback").rglob("*.html"))
    assert any("Negative numbers" not in page.read_text() and "passed" in page.read_text() for page in pages)
    assert main(["handback", LESSON, f"--class={term.folder}"]) == 0
    with zipfile.ZipFile(term.folder / "handback" / f"{LESSON}-upload.zip") as upload:
        assert f"ebertemil_LATE_105_2_{LESSON}.html" in upload.namelist()
        assert f"Cy Clark_77_assignsubmission_file_{LESSON}.html" in upload.namelist()
        assert not any("ada" in name for name in upload.namelist())
    with zipfile.ZipFile(term.folder / "handback" / LESSON / "ada.zip") as back:
        assert back.namelist() == [f"{LESSON}.html"]


def test_a_lesson_is_handed_out_as_a_zip_without_solutions(term):
    assert main(["handout", LESSON, f"--class={term.folder}"]) == 0
    with zipfile.ZipFile(term.folder / "handout" / f"{LESSON}.zip") as handout:
        assert set(handout.namelist()) == {f"{LESSON}/{LESSON}.ipynb", f"{LESSON}/README.txt"}
        text = handout.read(f"{LESSON}/{LESSON}.ipynb").decode()
    assert "SOLUTION" not in text and "Because twice is a sum" not in text and "double(-1)" not in text


def test_points_by_hand_survive_a_resubmission_and_a_test_that_comes_later(term, capsys):
    term.grade_by_hand("ada", 3)
    term.submit("lea", term.notebook())
    term.nbgrader("collect", "--update")
    _add_a_test(term)
    said = term.nbgrader("generate_assignment", "--force")
    assert "test_double_halves is new" in said
    assert term.points("bob")["test_double_halves"] == (None, None, True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    assert main(["grade", LESSON, f"--class={term.folder}", "--workers=2"]) == 0
    assert "answers in words wait in the formgrader: ada, bob, dora" in " ".join(capsys.readouterr().out.split())
    grades = term.grades()
    assert grades["ada"] == (5 + 3 + 6, 0)
    assert grades["lea"] == (5 + 6, 0), "the second submission is right"
    assert grades["bob"] == (3 + 6, 0)
    assert grades["cy"] == (0, 0)
    assert grades["emil"] == (pytest.approx(0.9 * (5 + 6)), pytest.approx(1.1))
    assert term.points("ada")["why"] == (None, 3, True), "nbgrader asks to look again after a regrade"
    assert "test_double_halves" not in _feedback(term, "bob")
    assert main(["handback", LESSON, f"--class={term.folder}"]) == 1, "feedback is older than the grades"
    term.nbgrader("generate_feedback", "--force")
    assert "test_double_halves" in _feedback(term, "bob")
    _remove_the_test(term)
    assert "test_double_halves is gone" in term.nbgrader("generate_assignment", "--force")
    assert term.grades()["bob"] == (3, 0)


def _add_a_test(term):
    path = term.folder / "source" / LESSON / f"{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    place = [cell.get("id") for cell in notebook.cells].index("test_double") + 1
    cell = nbformat.v4.new_code_cell(NEW_TEST, id="test_double_halves")
    cell.metadata.nbgrader = dict(notebook.cells[place - 1].metadata.nbgrader)
    cell.metadata.nbgrader |= {"grade_id": "test_double_halves", "points": 6}
    notebook.cells.insert(place, cell)
    nbformat.write(notebook, path)


def _remove_the_test(term):
    path = term.folder / "source" / LESSON / f"{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != "test_double_halves"]
    nbformat.write(notebook, path)


def _feedback(term, student):
    return (term.folder / "feedback" / student / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")
