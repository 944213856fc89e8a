"""Run nbgrader's own commands in a class folder, as an instructor or as a learner, and read the gradebook.

nbgrader(folder, "generate_assignment", "lesson01_why_finetune")
hand_in(folder, "ada", "lesson01_why_finetune", notebook)
"""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode


class CommandFailed(ValueError):
    """Say which command failed, with the end of what it printed."""


def nbgrader(folder: Path, *arguments: str, cwd: Path | None = None) -> str:
    """Run one stock command for the class in `folder`; return what it printed. Raises `CommandFailed`."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    if cwd:  # a learner, somewhere else
        command += [f"--course-dir={Path(folder).resolve()}"]
    done = subprocess.run(
        command, cwd=cwd or folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise CommandFailed(f"nbgrader {' '.join(arguments)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


def fetch(folder: Path, student: str, assignment: str) -> Path:
    """Fetch a released assignment as `student` does; return the student's copy."""
    home = Path(folder) / "learners" / student
    home.mkdir(parents=True, exist_ok=True)
    nbgrader(folder, "fetch_assignment", assignment, cwd=home)
    return home / assignment


def submit(folder: Path, student: str, assignment: str) -> None:
    """Submit an assignment as `student` does."""
    nbgrader(folder, "submit", assignment, f"--student={student}", cwd=Path(folder) / "learners" / student)


def hand_in(folder: Path, student: str, assignment: str, notebook: NotebookNode, files: Path | None = None) -> Path:
    """Put a submission straight into submitted/, with the files of a folder beside it."""
    place = Path(folder) / "submitted" / student / assignment
    place.mkdir(parents=True, exist_ok=True)
    if files:
        shutil.copytree(files, place, dirs_exist_ok=True, symlinks=True)
    nbformat.write(notebook, place / f"{assignment}.ipynb")
    return place


def grades(folder: Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Export the gradebook; return (score, maximum) by (student, assignment)."""
    nbgrader(folder, "export")
    with (Path(folder) / "grades.csv").open(encoding="utf-8") as file:
        return {
            (row["student_id"], row["assignment"]): (float(row["score"] or 0), float(row["max_score"]))
            for row in csv.DictReader(file)
        }
