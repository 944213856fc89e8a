"""Take submissions in as they come: renamed, nested, with links, without a notebook. Nothing handed in is lost.

Folders are those of nbgrader: `submitted/<student>/<assignment>/`, and `source/<assignment>/<notebook>.ipynb`.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .rebuild import solved
from .snapshot import LINK_MARK, entries, special
from .submission import PLACEHOLDER, Submission, read_submission

PROBLEM = "problem.txt"  # what the collector of archives writes where one could not be unpacked


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
    best = found[0]
    if len(found) > 1:
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


def complete(class_folder: Path, assignment: str = "*") -> None:
    """Before grading: note submissions without a notebook, and grade again what a killed run left half done."""
    for folder in sorted(Path(class_folder).glob(f"submitted/*/{assignment}")):
        sources = sorted((Path(class_folder) / "source" / folder.name).glob("*.ipynb"))
        if folder.is_dir() and sources and not any(folder.glob("*.ipynb")):
            _write_placeholder(folder / sources[0].name)
    for folder in sorted(Path(class_folder).glob(f"autograded/*/{assignment}")):
        if folder.is_dir() and not all(map(_is_judged, folder.glob("*.ipynb"))):
            shutil.rmtree(folder)


def refuse_links(folder: Path) -> None:
    """Replace every link and special file in `folder` by a text file that says what stood there."""
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(root, name)
            with contextlib.suppress(OSError):  # too long a path, or a folder where the text would stand
                target = special(path)
                if target is not None:
                    path.unlink()
                    path.with_name(name + LINK_MARK).write_text(target, encoding="utf-8", errors="surrogateescape")


def copy_files(source: Path, target: Path, for_grading: bool = False) -> None:
    """Copy a folder over another, bounded and following no link; what is in the way gives way.

    `for_grading` leaves notebooks out, and puts refused links back as links to nothing: whoever grades files says so.
    """
    for entry in entries(source):
        copied = Path(target, entry.name)
        if for_grading and entry.name.endswith(".ipynb") and not entry.is_folder:
            continue
        if for_grading and entry.name.endswith(LINK_MARK) and not entry.is_folder:
            copied = copied.with_name(copied.name.removesuffix(LINK_MARK))
            if not os.path.lexists(copied):
                copied.symlink_to("refused")
            continue
        _make_way(copied, entry.is_folder)
        if entry.is_folder:
            copied.mkdir(parents=True, exist_ok=True)
        elif entry.target is not None:
            copied.write_bytes(entry.read())
        else:
            shutil.copyfile(entry.path, copied)


def _make_way(path: Path, for_folder: bool) -> None:
    if path.is_symlink() or (path.exists() and path.is_dir() != for_folder):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


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
    own = ("timestamp.txt", "submission_secret.txt", PROBLEM)
    if (Path(folder) / PROBLEM).is_file():
        with (Path(folder) / PROBLEM).open(encoding="utf-8", errors="replace") as file:
            return f": {file.readline(500).strip().rstrip('.')}"
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
