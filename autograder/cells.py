"""Know a master's cells: what each is called, and which of them run when a submission is graded."""

from nbformat import NotebookNode
from nbgrader.utils import is_grade

SKIP = "skip-execution"  # nbclient's own tag for cells that it must not run
SETUP = "setup"


def key(cell: NotebookNode) -> str:
    """Name a cell of the master: its grade id, else its cell id."""
    return cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id") or cell.source


def runs(cell: NotebookNode) -> bool:
    """Tell whether grading runs a cell; a tag keeps any cell from it but a test."""
    return cell.cell_type == "code" and (is_grade(cell) or SKIP not in cell.metadata.get("tags", []))
