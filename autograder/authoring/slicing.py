"""Leave out the cells that an exercise does not need, so that proving its answers is fast.

A cell is needed when it defines a name that a needed cell uses. Cells that cannot be analysed are kept.
"""

import ast
import builtins

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from ..cells import SETUP, key
from ..judging.judge import exercise_of


def keep_exercise(notebook: NotebookNode, exercise: str) -> NotebookNode:
    """Keep one exercise's solution and tests, and the cells that define names they use."""
    tests = [cell for cell in notebook.cells if is_grade(cell) and exercise_of(key(cell), notebook) == exercise]
    needed = [cell for cell in notebook.cells if key(cell) == exercise] + tests
    others = [cell for cell in notebook.cells if cell.cell_type == "code" and not is_grade(cell)]
    for cell in needed:  # grows while it is walked through
        used = names_of(cell.source)[1]
        needed += [other for other in others if _defines(other, used) and not _is_in(other, needed)]
    result = NotebookNode(notebook, cells=[])
    for cell in notebook.cells:
        if _is_in(cell, needed):
            result.cells.append(cell)
        elif is_solution(cell):  # its name still tells whose test is whose
            result.cells.append(NotebookNode(cell, cell_type="raw"))
    return result


def names_of(source: str) -> tuple[set[str], set[str]]:
    """List the names that a cell defines, at any depth ("*" if nobody can tell), and those it uses from elsewhere."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic
        return {"*"}, set()
    defined, used = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.Name():
                (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                defined.add(node.name)
            case ast.arg():
                defined.add(node.arg)
            case ast.alias():
                defined.add((node.asname or node.name).split(".")[0])
    return defined, used - defined - set(dir(builtins))


def _defines(cell: NotebookNode, used: set[str]) -> bool:
    if key(cell) == SETUP:  # it imports much for its own use
        return bool(used & {"course", "tier"})
    defined, _ = names_of(cell.source)
    return "*" in defined or bool(defined & used)


def _is_in(cell: NotebookNode, cells: list[NotebookNode]) -> bool:
    return any(cell is other for other in cells)
