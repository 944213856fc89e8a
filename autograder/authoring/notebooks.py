"""Derive notebooks from a lesson: the instructor's source, the learner's release, and a solved submission.

lesson.py  --source_notebook-->  source  --nbgrader's preprocessors-->  release  --solution_notebook-->  submission

The same lesson gives the same bytes on any machine, because the release is committed and a test compares it.
"""

import copy
import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions, ComputeChecksums, LockCells

from ..cells import SETUP
from .check_offer import check_offer, offer_follows
from .lesson import DELIMITERS, Cell, Lesson, LessonError, find_lessons, read_lesson
from .setup_cell import badge, glossary_link, setup_source

RELEASE = (LockCells, ClearSolutions, ClearHiddenTests, ComputeChecksums)
METADATA = {
    "accelerator": "GPU",  # Colab offers its free T4 without being asked
    "colab": {"gpuType": "T4", "provenance": []},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def source_notebook(lesson: Lesson) -> NotebookNode:
    """Build the instructor's notebook: solutions and hidden tests included, with nbgrader's metadata."""
    seen: Counter[str] = Counter()
    opening = f"{badge(lesson.folder)}\n\n{glossary_link()}"
    cells = [_fixed_id(new_markdown_cell(opening), "colab_badge")]
    before_the_offer = offer_follows(lesson)
    for cell in lesson.cells:
        cells.append(_notebook_cell(cell, lesson, seen))
        if cell is before_the_offer:
            cells.append(_fixed_id(new_markdown_cell(check_offer(lesson)), "check_offer"))
    notebook = new_notebook(cells=cells, metadata=copy.deepcopy(METADATA))
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def learner_notebook(lesson: Lesson) -> NotebookNode:
    """Build the release: nbgrader's own preprocessors lock cells, and take out solutions and hidden tests."""
    notebook, resources = source_notebook(lesson), {}
    for preprocessor in RELEASE:
        notebook, resources = preprocessor().preprocess(notebook, resources)
    return notebook


def solution_notebook(lesson: Lesson, answers: Mapping[str, str] | None = None) -> NotebookNode:
    """Build the submission of someone who solved everything, with `answers[exercise]` in place of a cell's source."""
    answers = dict(answers or {})
    unknown = sorted(answers.keys() - set(lesson.exercises))
    if unknown:
        raise LessonError(f"{lesson.name} has no exercise {unknown[0]}; it has {', '.join(lesson.exercises)}.")
    notebook = learner_notebook(lesson)
    solutions = {cell.title: cell for cell in lesson.cells if cell.is_solution}
    prose = {cell.title: cell for cell in lesson.cells if cell.is_prose}
    for cell in notebook.cells:
        title = cell.metadata.get("nbgrader", {}).get("grade_id")
        if title in prose:
            cell.source = _without_delimiters(prose[title].source)
        elif title in solutions:
            cell.source = _with_id(solutions[title], answers.get(title, _without_delimiters(solutions[title].source)))
    return notebook


def write_notebooks(root: Path | str, check: bool = False) -> list[Path]:
    """Write every lesson's release beside its lesson.py, unless `check`; return the files that were stale."""
    stale = []
    for folder in find_lessons(root):
        lesson = read_lesson(folder)
        file = folder / f"{lesson.name}.ipynb"
        fresh = notebook_text(learner_notebook(lesson)).encode()
        if not file.is_file() or file.read_bytes() != fresh:
            stale.append(file)
            if not check:
                file.write_bytes(fresh)
    return stale


def notebook_text(notebook: NotebookNode) -> str:
    """Render a notebook as nbformat does, with sorted keys and a newline at the end."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def id_comment(cell: Cell) -> str:
    """Write the comment that names a titled cell inside a notebook, where metadata may get lost."""
    if not cell.is_test:
        return f"# {cell.title}"
    return f"# {cell.title} · {cell.points:g} point{'' if cell.points == 1 else 's'}"


def _notebook_cell(cell: Cell, lesson: Lesson, seen: Counter[str]) -> NotebookNode:
    if cell.title == SETUP:
        return _fixed_id(new_code_cell(setup_source(lesson.name)), SETUP)
    if cell.is_solution or cell.is_test or cell.is_prose:
        source = cell.source if cell.is_prose else _with_id(cell, cell.source)
        node = _fixed_id((new_markdown_cell if cell.is_prose else new_code_cell)(source), cell.title)
        node.metadata["nbgrader"] = _nbgrader_metadata(cell)
    else:
        new_cell = new_code_cell if cell.kind == "code" else new_markdown_cell
        node = _fixed_id(new_cell(cell.source), _content_id(cell, seen))
    if cell.kind == "code" and cell.source.startswith("# @title "):  # Colab's own mark: readers see the output only
        node.metadata["cellView"], node.metadata["jupyter"] = "form", {"source_hidden": True}
    if cell.tags:
        node.metadata["tags"] = list(cell.tags)
    return node


def _fixed_id(node: NotebookNode, name: str) -> NotebookNode:
    node["id"] = node.metadata["id"] = name  # Colab drops cell ids but keeps metadata
    return node


def _content_id(cell: Cell, seen: Counter[str]) -> str:
    content = f"{cell.kind}\n{cell.source}"
    seen[content] += 1  # a new cell does not rename its neighbours, and a repeated one has an id of its own
    return hashlib.sha256(f"{seen[content]}\n{content}".encode()).hexdigest()[:12]


def _nbgrader_metadata(cell: Cell) -> dict:
    graded = cell.is_test or cell.is_prose
    fields = {"grade": graded, "grade_id": cell.title, "locked": cell.is_test, "schema_version": 3}
    fields |= {"solution": cell.is_solution or cell.is_prose, "task": False}
    return fields | ({"points": cell.points} if graded else {})


def _with_id(cell: Cell, source: str) -> str:
    return f"{id_comment(cell)}\n{source}"


def _without_delimiters(source: str) -> str:
    lines = source.split("\n")
    return "\n".join(line for line in lines if not any(delimiter in line for delimiter in DELIMITERS))
