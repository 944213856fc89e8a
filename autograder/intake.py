"""Take submissions in as they come: renamed, nested, with links, without a notebook. Nothing handed in is lost.

Folders are those of nbgrader: `submitted/<student>/<assignment>/`, and `source/<assignment>/<notebook>.ipynb`.
"""

import json
import os
import shutil
import stat
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .rebuild import solved
from .submission import PLACEHOLDER, Submission, read_submission

LINK_MARK = ".refused-link"  # a text file with the link's target stands where the link stood
MAX_COPY = 2 * 2**30
MAX_FILES = 5_000


def read_master(class_folder: Path, assignment: str, notebook: str) -> NotebookNode:
    """Read the instructor's notebook of an assignment."""
    return nbformat.read(Path(class_folder) / "source" / assignment / f"{notebook}.ipynb", as_version=4)


def find_submission(folder: Path, name: str, master: NotebookNode) -> tuple[Submission, Path]:
    """Find the notebook in a submitted folder by what it holds: its expected name, unless another one is further on.

    Returns it with the folder it lies in, which is deeper down when somebody zipped a folder.
    """
    expected = Path(folder) / f"{name}.ipynb"
    found = [(expected, read_submission(expected))] if os.path.lexists(expected) else []
    for path in _notebooks(folder):
        if path != expected:
            found.append((path, read_submission(path)))
    if not found:
        problem = f"No notebook was submitted{_what_else(folder)}."
        if os.path.lexists(expected.with_name(expected.name + LINK_MARK)):
            problem = f"{expected.name} is a link. Submit the notebook itself."
        return Submission(problem=problem, name=expected.name), Path(folder)
    best = max(found, key=lambda pair: (not pair[1].problem, *solved(master, pair[1])))  # the first of equals
    others = len([pair for pair in found if not pair[1].problem])
    if best[1].problem and not others:
        best = found[0] if len(found) == 1 or os.path.lexists(expected) else best
    return (_say_no_notebook(folder, best[1]), best[0].parent)


def prepare(assignment: str, student: str, notebooks: list[str]) -> None:
    """Make one submitted folder fit for nbgrader (its `pre_convert_hook`): expected names, and no links to follow."""
    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    class_folder = folder.parents[2]
    expected = [path.name for path in sorted((class_folder / "source" / folder.name).glob("*.ipynb"))]
    if any(Path(notebook).name not in expected for notebook in notebooks):
        notebooks[:] = [str(folder / name) for name in expected]
    refuse_links(folder)


def complete(class_folder: Path) -> None:
    """Before grading: note submissions without a notebook, and grade again what a killed run left half done."""
    for folder in sorted(Path(class_folder).glob("submitted/*/*")):
        sources = sorted((Path(class_folder) / "source" / folder.name).glob("*.ipynb"))
        if folder.is_dir() and sources and not any(folder.glob("*.ipynb")):
            _write_placeholder(folder / sources[0].name)
    for folder in sorted(Path(class_folder).glob("autograded/*/*")):
        if folder.is_dir() and not all(map(_is_judged, folder.glob("*.ipynb"))):
            shutil.rmtree(folder)


def refuse_links(folder: Path) -> None:
    """Replace every link and special file in `folder` by a text file that says what stood there."""
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(root, name)
            if _is_special(path):
                target = os.readlink(path) if path.is_symlink() else "a special file"
                path.unlink()
                path.with_name(name + LINK_MARK).write_text(target, encoding="utf-8", errors="surrogateescape")


def copy_files(source: Path, target: Path, for_grading: bool = False) -> None:
    """Copy a folder, bounded and following no link.

    `for_grading` leaves notebooks out, and puts refused links back as links to nothing: whoever grades files says so.
    """
    room, left = MAX_COPY, MAX_FILES
    for root, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in (".ipynb_checkpoints", "__pycache__")]
        place = Path(target, os.path.relpath(root, source))
        place.mkdir(parents=True, exist_ok=True)
        for name in [*files, *(name for name in folders if Path(root, name).is_symlink())]:
            path, copied = Path(root, name), place / name
            left -= 1
            if left < 0:
                return
            if for_grading and name.endswith(".ipynb"):
                continue
            if _is_special(path):
                _mark_link(path, copied.with_name(name + LINK_MARK))
            elif for_grading and name.endswith(LINK_MARK):
                copied.with_name(name.removesuffix(LINK_MARK)).symlink_to("refused")
            elif path.stat().st_size <= room:
                room -= path.stat().st_size
                shutil.copyfile(path, copied)


def _mark_link(path: Path, mark: Path) -> None:
    target = os.readlink(path) if path.is_symlink() else "a special file"
    mark.write_text(target, encoding="utf-8", errors="surrogateescape")


def _is_special(path: Path) -> bool:
    mode = path.lstat().st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _notebooks(folder: Path) -> list[Path]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))[:50]
        found += [Path(root, name) for name in sorted(files) if name.endswith(".ipynb")]
        if len(found) > 50:
            break
    return sorted(found, key=lambda path: (len(path.parts), str(path)))[:50]


def _say_no_notebook(folder: Path, submission: Submission) -> Submission:
    if submission.problem != "No notebook was submitted.":
        return submission
    return Submission(problem=f"No notebook was submitted{_what_else(folder)}.", name=submission.name)


def _what_else(folder: Path) -> str:
    own = ("timestamp.txt", "submission_secret.txt")
    names = sorted(path.name for path in Path(folder).iterdir() if path.name not in own and path.suffix != ".ipynb")
    return f", only {', '.join(names[:5])}" if names else ""


def _write_placeholder(path: Path) -> None:
    cell = nbformat.v4.new_markdown_cell("No notebook was submitted. The grader wrote this one.", id="placeholder")
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={PLACEHOLDER: True})
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def _is_judged(path: Path) -> bool:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["metadata"]["autograder"]["judged"] is True
    except (OSError, ValueError, KeyError, TypeError):
        return False
