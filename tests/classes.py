"""A class small enough to grade often: a lesson without libraries, and learners who solve it, or do not."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Course, Gradebook

from autograder.authoring.lesson import read_lesson
from autograder.authoring.notebooks import learner_notebook, solution_notebook
from autograder.gradebook.classroom import hand_in, nbgrader
from autograder.gradebook.init import make_class_folder

LESSON = "lesson91_light"
SOURCE = '''
# %% [markdown]
# # Lesson 91 · Light

# %% setup

# %% double
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% test_double points=2
assert double(4) == 8, "Multiply by two."
### BEGIN HIDDEN TESTS
assert double(-1) == -2, "Negative numbers are doubled as well."
### END HIDDEN TESTS

# %% greet
def greet(name):
    """Say hello."""
    ### BEGIN SOLUTION
    return f"Hello, {name}!"
    ### END SOLUTION


# %% test_greet points=3
assert greet("Ada") == "Hello, Ada!", "Say hello by name."
'''
ANSWERS = {
    "ada": {},
    "bob": {"double": "def double(x):\n    return x + x if x > 0 else 0"},
    "cy": {"greet": "def greet(name):\n    return 'Hello!'"},
    "dan": {"double": "def double(x):\n    import os\n    os._exit(1)"},
    "eve": None,
}
SCORES = {"ada": 5, "bob": 3, "cy": 2, "dan": 3, "eve": 0}


def write_lesson(root: Path) -> Path:
    folder = root / LESSON
    folder.mkdir(parents=True)
    (folder / "lesson.py").write_text(SOURCE.lstrip(), encoding="utf-8")
    (folder / "answers.py").write_text("", encoding="utf-8")
    return folder


def make_class(folder: Path, root: Path, answers=ANSWERS) -> Path:
    """Make a class folder whose learners have handed in `answers`; None hands in what was released."""
    lesson = read_lesson(root / LESSON if (root / LESSON).exists() else write_lesson(root))
    make_class_folder(folder, root)
    nbgrader(folder, "generate_assignment", LESSON)
    for student, answer in answers.items():
        hand_in(folder, student, LESSON, notebook_of(lesson, answer))
    return folder


def notebook_of(lesson, answer):
    return learner_notebook(lesson) if answer is None else solution_notebook(lesson, answer)


def copy_class(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target, symlinks=True))


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start `autograder grade` in a session of its own, as a shell would start it in a terminal."""
    command = [sys.executable, "-m", "autograder", "grade", LESSON, f"--class={folder}", "--workers=2", *arguments]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1]), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # tests that run side by side ignore Ctrl-C, and their children would, too
    return subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=_heed_ctrl_c, **pipes)


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def grade(folder: Path, *arguments: str) -> dict:
    """Run `autograder grade --json` to its end and return what it printed."""
    process = start(folder, "--json", *arguments)
    out, err = process.communicate(timeout=300)
    assert out, err
    return json.loads(out) | {"exit status": process.returncode, "stderr": err}


def end(process: subprocess.Popen) -> None:
    """Kill a session, should anything in it still run."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def gradebook(folder: Path, db_url: str = "") -> dict:
    """Return every row of the gradebook that grading writes, by names and not by random ids."""
    rows = {}
    with Gradebook(db_url or f"sqlite:///{folder / 'gradebook.db'}") as book:
        rows["courses"] = sorted(course.id for course in book.db.query(Course))
        rows["students"] = sorted((one.id, one.first_name, one.email, one.lms_user_id) for one in book.students)
        for submission in book.assignment_submissions(LESSON):
            whose = submission.student.id
            rows[whose] = (str(submission.timestamp), submission.score, submission.needs_manual_grade)
            for notebook in submission.notebooks:
                rows[whose, notebook.name] = (notebook.late_submission_penalty, notebook.failed_tests)
                for grade in notebook.grades:
                    scores = grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade
                    rows[whose, notebook.name, grade.name] = scores
                for comment in notebook.comments:
                    rows[whose, notebook.name, comment.name] = (comment.auto_comment, comment.manual_comment)
    return rows
