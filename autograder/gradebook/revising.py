"""Change an assignment that is graded already: `nbgrader generate_assignment LESSON --force` after an edit.

nbgrader refuses to add or take out a test once somebody is graded. Here the gradebook follows the instructor's
notebook: a new test waits, for everybody, to be graded; one that is gone takes its scores with it.
"""

import contextlib
from collections.abc import Callable

from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, MissingEntry, Notebook, SourceCell
from nbgrader.preprocessors import SaveCells


class SaveChangedCells(SaveCells):
    """nbgrader's step that tells the gradebook about cells, whoever is graded already."""

    def _create_notebook(self, nb: NotebookNode) -> None:
        with contextlib.suppress(MissingEntry):
            notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
            if notebook.submissions:
                self._follow(notebook)
        super()._create_notebook(nb)

    def _follow(self, notebook: Notebook) -> None:
        gradebook = self.gradebook
        self._change(notebook, notebook.grade_cells, self.new_grade_cells, gradebook.add_grade_cell, Grade)
        self._change(notebook, notebook.solution_cells, self.new_solution_cells, gradebook.add_solution_cell, Comment)
        self._change(notebook, notebook.task_cells, self.new_task_cells, gradebook.add_task_cell, Grade, Comment)
        self._change(notebook, notebook.source_cells, self.new_source_cells, gradebook.add_source_cell)

    def _change(self, notebook: Notebook, old: list, new: dict, add: Callable, *rows: type[Grade | Comment]) -> None:
        """Take out cells of one kind that are gone, and add new ones with a row for everybody who submitted."""
        known = {cell.name: cell for cell in old}
        for name in sorted(known.keys() - new.keys()):
            self._remove(known[name])
        for name in sorted(new.keys() - known.keys()):
            cell = add(name, self.notebook_id, self.assignment_id, **new[name])
            for submitted in notebook.submissions:
                self.gradebook.db.add_all(row(cell_id=cell.id, notebook=submitted) for row in rows)
            if rows:
                self.log.warning("%s is new: grade again, so that everybody gets a score for it", name)
        self.gradebook.db.commit()

    def _remove(self, cell: BaseCell | SourceCell) -> None:
        if not isinstance(cell, SourceCell):
            for row in [*(cell.grades or ()), *(cell.comments or ())]:
                self.gradebook.db.delete(row)
            self.log.warning("%s is gone, and its scores and comments with it", cell.name)
        self.gradebook.db.delete(cell)
