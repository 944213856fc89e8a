"""Plug the grader into nbgrader's pipeline: Rebuild -> JudgeCells -> SaveVerdicts.

Stock nbgrader overwrites cells, executes the notebook and reads scores off its outputs. Here the notebook is rebuilt
from the master, judged, and the judge's verdicts are written to the gradebook; all else is nbgrader's own.
"""

from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum, is_grade, is_solution
from traitlets import Bool, Dict, Float, Unicode

from ..cells import key
from ..judging.grading import Graded, Work, grade_submission, inputs_of
from ..judging.judge import exercise_of
from ..judging.limits import Limits
from ..judging.options import kernel_options
from ..judging.seed import read_seed
from ..judging.verdict import UNGRADED
from ..submissions.intake import find_submission, read_master
from ..submissions.rebuild import AS_RELEASED, MISSING, rebuild, released
from .feedback import show_verdicts
from .ledger import Ledger, entry
from .results import Results


class SubmissionExporter(NotebookExporter):
    """Open what nbgrader graded before; what was submitted is left to `Rebuild`, which reads it with more care."""

    class_folder = Unicode(help="The folder that holds source/, submitted/ and so on.").tag(config=True)

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs: object) -> tuple:
        """Convert a notebook file; nothing in a submitted file can make this fail."""
        if Path(filename).resolve().is_relative_to(Path(self.class_folder).resolve() / "autograded"):
            return super().from_filename(filename, resources, **kwargs)
        resources["metadata"] = {"name": Path(filename).stem, "path": str(Path(filename).parent)}
        return self.from_notebook_node(nbformat.v4.new_notebook(), resources, **kwargs)


class ClassFolderPreprocessor(NbGraderPreprocessor):
    """A step of the pipeline that knows the class folder."""

    class_folder = Unicode(help="The folder that holds source/, submitted/ and so on.").tag(config=True)

    def names(self, resources: dict) -> tuple[str, str, str]:
        """Give notebook, assignment and student, as the gradebook's methods want them."""
        return tuple(resources["nbgrader"][name] for name in ("notebook", "assignment", "student"))


class Rebuild(ClassFolderPreprocessor):
    """Put the learner's solutions into the master, without its hidden tests, and forget earlier scores."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Read, match and rebuild one submission."""
        name, assignment, _ = names = self.names(resources)
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            for grade in gradebook.find_submission_notebook(*names).grades:
                grade.auto_score, grade.needs_manual_grade = None, True
            gradebook.db.commit()
        master = read_master(self.class_folder, assignment, name)
        folder = Path(resources["metadata"]["path"])
        submission, place = find_submission(folder, name, master)
        result = rebuild(master, submission)
        result.metadata.autograder["folder"] = str(place.relative_to(folder))
        visible = {key(cell): cell for cell in released(master).cells}
        for cell in result.cells:
            if is_grade(cell) and not is_solution(cell):
                cell.source = visible[key(cell)].source
            if "nbgrader" in cell.metadata:
                cell.metadata.nbgrader["checksum"] = compute_checksum(visible[key(cell)])
                cell.metadata.nbgrader["cell_type"] = cell.cell_type
        return result, resources


class JudgeCells(ClassFolderPreprocessor):
    """Judge a submission by the master's tests, or take the stored result of having done so."""

    kernel_name = Unicode("python3", help="Kernel that runs the learner's cells.").tag(config=True)
    cell_timeout = Float(60, help="Seconds that one cell may take.").tag(config=True)
    call_timeout = Float(20, help="Seconds that one call of a learner's function may take.").tag(config=True)
    limits = Dict(help="Limits of a learner's kernel, by the names in autograder.judging.limits.").tag(config=True)
    unsafe = Bool(False, help="Grade without isolation; every result will say so.").tag(config=True)
    judge_again = Bool(None, allow_none=True, help="Ignore stored results (by default: when told to use force).").tag(
        config=True
    )

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Judge one rebuilt notebook and write what came of it into its outputs."""
        name, assignment, student = self.names(resources)
        work, results = self.work(name, assignment, student), Results(self.class_folder)
        graded = None if self._again() else results.find(inputs_of(work).key)
        if graded is None or (graded.worth_another_try and self.judge_again is None):
            graded = grade_submission(work)
            results.save(graded)
        resources["graded"] = graded
        return show_verdicts(notebook, graded), resources

    def work(self, name: str, assignment: str, student: str) -> Work:
        """Describe the grading of one submission as plain data."""
        options = kernel_options(
            self.unsafe,
            kernel_name=self.kernel_name,
            cell_timeout=self.cell_timeout,
            call_timeout=self.call_timeout,
            limits=Limits(**self.limits),
        )
        submitted = Path(self.class_folder, "submitted", student, assignment)
        source = Path(self.class_folder, "source", assignment)
        return Work(name, str(submitted), str(source), read_seed(self.class_folder), options, student)

    def _again(self) -> bool:
        if self.judge_again is not None:
            return self.judge_again
        return bool(getattr(getattr(self.parent, "parent", None), "force", False))  # the exporter's converter


class SaveVerdicts(ClassFolderPreprocessor):
    """Write the verdicts into the gradebook; what could not be graded is left to a human, with the reason."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Save scores and comments of one submission."""
        graded: Graded = resources["graded"]
        judgement = graded.judgement
        verdicts = {verdict.test: verdict for verdict in judgement.verdicts}
        names = self.names(resources)
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            for grade in gradebook.find_submission_notebook(*names).grades:
                verdict = verdicts.get(grade.name)
                if verdict and verdict.points is not None:
                    grade.auto_score = min(verdict.points, grade.max_score)
                elif verdict is None and not graded.problem and _unanswered(grade.name, notebook):
                    grade.auto_score = 0.0  # a cell graded by hand, as it was released
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
            for cell in notebook.cells:
                if is_solution(cell):
                    self._save_comment(gradebook, cell, notebook, judgement, names)
            gradebook.db.commit()
        for verdict in judgement.verdicts:
            if verdict.state == UNGRADED:
                self.log.warning("%s of %s could not be graded: %s", verdict.test, names[2], verdict.message)
        record = Ledger(Path(self.class_folder)).append(entry(names[2], names[1], graded))
        shown = {"judged": True, "key": graded.inputs.key, "isolation": graded.inputs.isolation}
        notebook.metadata.autograder |= shown | {"record": record["hash"]}
        return notebook, resources

    def _save_comment(self, gradebook: Gradebook, cell: NotebookNode, notebook: NotebookNode, judgement, names) -> None:
        mine = [verdict for verdict in judgement.verdicts if exercise_of(verdict.test, notebook) == key(cell)]
        lines = [f"{verdict.test}: {verdict.headline}. {verdict.message}".strip() for verdict in mine]
        try:
            comment = gradebook.find_comment(key(cell), *names)
        except MissingEntry:
            return
        comment.auto_comment = "\n\n".join(lines) or ("No response." if _unanswered(key(cell), notebook) else None)


def _unanswered(name: str, notebook: NotebookNode) -> bool:
    states = [cell.metadata.get("autograder", {}).get("state") for cell in notebook.cells if key(cell) == name]
    return bool(states) and states[0] in (AS_RELEASED, MISSING)
