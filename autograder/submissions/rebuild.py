"""Rebuild the notebook that is graded: the instructor's master with the learner's source of its solution cells.

    notebook = rebuild(master, read_submission(path))

Order, tags, types, metadata, duplicates and whatever a front end did to the file do not matter. Code cells that the
learner added stay behind the cell that they followed and run in the learner's kernel; of several cells with the same
id the last one that differs from the stub is the solution, and the others run where they stood, as added cells.
"""

import copy
import re
from collections import Counter
from functools import lru_cache

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions
from nbgrader.utils import is_grade, is_solution

from ..cells import SETUP, SKIP, key
from .submission import Submission, SubmittedCell

SIMILAR = 0.6  # a cell this like a training cell is a training cell that somebody edited
AS_RELEASED, MISSING, EDITED = "as released", "missing", "edited"


def released(master: NotebookNode) -> NotebookNode:
    """Take solutions and hidden tests out of the master, with nbgrader's own preprocessors."""
    notebook, resources = copy.deepcopy(master), {}
    for preprocessor in (ClearSolutions, ClearHiddenTests):
        notebook, resources = preprocessor().preprocess(notebook, resources)
    return notebook


def rebuild(master: NotebookNode, submission: Submission) -> NotebookNode:
    """Put the learner's solutions and added cells into the master; hidden tests stay in, so handle it with care."""
    visible = released(master)
    stubs = {key(cell): cell.source for cell in visible.cells}
    matched = match(master, submission, visible)
    notebook = copy.deepcopy(master)
    chosen, added, notes = _choose(notebook, submission, matched, stubs)
    cells = _added_cells(added.get(None, []))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if is_solution(cell):
            number = chosen.get(key(cell))
            cell.source = stubs[key(cell)] if number is None else submission.cells[number].source
            state = MISSING if number is None else EDITED if differs(cell.source, stubs[key(cell)]) else AS_RELEASED
            cell.metadata["autograder"] = {"state": state}
            if number is None:
                notes.append(f"The cell `{key(cell)}` is missing.")
        cells.append(cell)
        cells += _added_cells(added.get(key(cell), []))
    notebook.cells = cells
    problem = submission.problem
    if not problem and not chosen and any(map(is_solution, cells)):
        problem = f"{submission.name or 'The file'} holds no exercise of this lesson. Is it another lesson's notebook?"
    notebook.metadata["autograder"] = {"notes": [] if problem else notes, "file": submission.name, "problem": problem}
    return notebook


def match(master: NotebookNode, submission: Submission, visible: NotebookNode) -> dict[int, str]:
    """Map numbers of submitted cells to keys of master cells: by id, by source (as `visible`), or by position."""
    known = {name: key(cell) for cell in master.cells for name in _names(cell)}
    graded = {key(cell) for cell in master.cells if is_solution(cell) or is_grade(cell)}
    sources: dict[str, str] = {}
    for cell in visible.cells:
        sources.setdefault(_plain(cell.source), key(cell))
    matched = {}
    for number, cell in enumerate(submission.cells):
        found = next((known[name] for name in cell.ids if name in known), None)
        found = found or (cell.comment if cell.comment in graded else sources.get(_plain(cell.source)))
        if found:
            matched[number] = found
    _match_by_position(master, submission, matched)
    return matched


def solved(master: NotebookNode, submission: Submission) -> tuple[int, int]:
    """Count the solution cells of `master` that a submission has edited, and that it has: how surely it is this one."""
    cells = [cell for cell in rebuild(master, submission).cells if is_solution(cell)]
    states = [cell.metadata["autograder"]["state"] for cell in cells]
    return states.count(EDITED), len(states) - states.count(MISSING)


def differs(source: str, stub: str) -> bool:
    """Tell whether code differs from the stub in more than blank lines and its id comment."""
    return _plain(source) != _plain(stub)


def _names(cell: NotebookNode) -> list[str]:
    names = (key(cell), cell.get("id"), cell.metadata.get("id"))
    return [name for name in names if name]


def _plain(source: str) -> str:
    lines = [line.rstrip() for line in source.strip().split("\n")]
    if lines and re.fullmatch(r"#\s*[A-Za-z_]\w*(\s+·.*)?", lines[0]):
        lines = lines[1:]
    return "\n".join(line for line in lines if line)


def _match_by_position(master: NotebookNode, submission: Submission, matched: dict[int, str]) -> None:
    """Give a solution that no id found the unmatched code cell between its neighbours, best one that has its name."""
    keys = [key(cell) for cell in master.cells]
    is_ours = bool(matched)  # in another notebook a cell's position says nothing
    for place, cell in enumerate(master.cells):
        if not is_solution(cell) or keys[place] in matched.values():
            continue
        before = [number for number, found in matched.items() if found in keys[:place]]
        after = [number for number, found in matched.items() if found in keys[place + 1 :]]
        first = max(before, default=-1)
        last = min((number for number in after if number > first), default=len(submission.cells))
        free = [
            number
            for number in range(first + 1, last)
            if number not in matched and submission.cells[number].kind == cell.cell_type
        ]
        name = re.compile(rf"\b{re.escape(keys[place])}\b")
        named = [number for number in free if name.search(submission.cells[number].source)]
        for number in (named or (free if is_ours else []))[:1]:
            matched[number] = keys[place]


def _choose(notebook: NotebookNode, submission: Submission, matched: dict[int, str], stubs: dict[str, str]) -> tuple:
    """Sort submitted cells into solutions (key -> number) and added cells (key of the cell before -> cells)."""
    masters = {key(cell): cell for cell in notebook.cells}
    chosen: dict[str, int] = {}
    for number, found in matched.items():
        if is_solution(masters[found]) and (
            found not in chosen or differs(submission.cells[number].source, stubs[found])
        ):
            chosen[found] = number
    added: dict[str | None, list[SubmittedCell]] = {}
    keys = list(masters)
    notes, before = [], None
    for number, cell in enumerate(submission.cells):
        found = matched.get(number)
        if found and is_solution(masters[found]) and chosen[found] != number:
            notes.append(f"The cell `{found}` stands there more than once; the last edited one was graded.")
        if _runs_as_added(cell, masters.get(found), chosen.get(found) == number, stubs, notebook):
            place = found or before
            if found and is_solution(masters[found]):  # an older version runs before the one that was chosen
                place = keys[keys.index(found) - 1] if keys.index(found) else None
            added.setdefault(place, []).append(cell)
        before = found or before
    return chosen, added, list(dict.fromkeys(notes))


def _runs_as_added(cell: SubmittedCell, master: NotebookNode | None, is_chosen: bool, stubs: dict, notebook) -> bool:
    if cell.kind != "code" or SKIP in cell.tags or is_chosen or not cell.source.strip():
        return False
    if master is not None:  # an older duplicate of a solution, or a context cell that the learner changed
        fixed = is_grade(master) or SKIP in master.metadata.get("tags", []) or key(master) == SETUP
        return not fixed and differs(cell.source, stubs[key(master)])
    skipped = [other.source for other in notebook.cells if SKIP in other.metadata.get("tags", [])]
    return not any(_similar(cell.source, other) for other in skipped)


def _similar(first: str, second: str) -> bool:
    if not 0.3 < len(first) / max(len(second), 1) < 3:
        return False
    one, other = _words(first), _words(second)
    return 2 * (one & other).total() > SIMILAR * (one.total() + other.total())


@lru_cache(256)
def _words(source: str) -> Counter:
    """Count words; finding where they differ would take a hostile cell's reader hours."""
    return Counter(re.findall(r"\w+", source))


def _added_cells(cells: list[SubmittedCell]) -> list[NotebookNode]:
    return [new_code_cell(cell.source, metadata={"autograder": {"added": True}}) for cell in cells]
