"""Judge a rebuilt notebook: run the learner's cells in the learner's kernel and the tests here.

    judgement = judge(notebook, lambda: Learner(folder), seed, folder)
    [verdict.message for verdict in judgement.verdicts]

The learner's code never enters this process; the tests' source never leaves it.
"""

import contextlib
import hashlib
import io
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_grade, is_solution

from ..cells import key, runs
from ..sandbox.host import SandboxUnavailable
from ..submissions.rebuild import EDITED
from .learner import LOST, Learner, LearnerGone, Ran
from .remote import Broken, Conversation, Raised, Stop
from .testcell import run_test, sentence_of
from .verdict import FAILED, NOT_ATTEMPTED, UNGRADED, Verdict, verdict

SEED_VARIABLE, STUDENT_VARIABLE = "COURSE_GRADING_SEED", "COURSE_GRADING_STUDENT"


@dataclass
class Judgement:
    """All verdicts on a notebook, and what the learner's cells put out (by position in the notebook)."""

    verdicts: list[Verdict] = field(default_factory=list)
    outputs: dict[int, list] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """What a test may depend on beside the learner: the secret seed, the folder it runs in, and whose work this is."""

    seed: int
    folder: Path
    student: str


def judge(
    notebook: NotebookNode, start: Callable[[], Learner], seed: int, folder: Path, student: str = ""
) -> Judgement:
    """Judge `notebook`, starting as many kernels as it takes; tests run in `folder`.

    Never raises for what a learner did, nor for a test that is broken: such a test could not be graded.
    """
    result, stage = Judgement(), Stage(seed, folder, student)
    problem = notebook.metadata.get("autograder", {}).get("problem")
    with contextlib.closing(_Kernels(start)) as kernels:
        for number, cell in enumerate(notebook.cells):
            if not runs(cell):
                continue
            if not is_grade(cell):
                if not problem:
                    ran = kernels.run(number, cell.source)
                    result.outputs[number], kernels.errors[key(cell)] = ran.outputs, ran.error
            elif not is_solution(cell):  # a cell that is both is graded by hand
                result.verdicts.append(_judge_cell(cell, notebook, kernels, stage, problem))
    return result


def exercise_of(test: str, notebook: NotebookNode) -> str | None:
    """Name the exercise that `test_<exercise>` or `test_<exercise>_<aspect>` belongs to."""
    name = test.removeprefix("test_")
    exercises = [key(cell) for cell in notebook.cells if is_solution(cell)]
    return max((title for title in exercises if f"{name}_".startswith(f"{title}_")), key=len, default=None)


class _Kernels:
    """Keep one learner's kernel alive: after a death, a fresh one runs the cells so far, without the deadly one."""

    def __init__(self, start: Callable[[], Learner]):
        self.start = start
        self.done: dict[int, str] = {}
        self.current: Learner | None = None
        self.errors: dict[str, str] = {}
        self.failures = 0
        self.born = self.lived = 0.0
        self.stack = contextlib.ExitStack()

    def run(self, number: int, source: str) -> Ran:
        try:
            ran = self.learner().run(source)
            self.done[number] = source
            return ran
        except LearnerGone as reason:
            self.drop()
            return Ran([new_output("stream", name="stderr", text=f"{reason}\n")], error=str(reason))

    def learner(self) -> Learner:
        while self.current is None:
            if self.failures > 1:
                raise LearnerGone("The learner's kernel does not start.")
            self.failures += 1
            self.born = time.monotonic()
            self.current = self.stack.enter_context(self.start())
            if self.lived > self.current.options.limits.seconds:  # each kernel has that long, but not one after another
                self.drop()
                raise LearnerGone(
                    "The notebook's kernels ended too often and took too long; no further one was started."
                )
            self.failures = 0
            for number, source in list(self.done.items()):
                try:
                    self.current.run(source)
                except LearnerGone:
                    del self.done[number]
                    self.drop()
                    break
        return self.current

    def drop(self) -> None:
        self.lived += time.monotonic() - self.born if self.current else 0.0
        self.stack.close()
        self.current = None

    def close(self) -> None:
        self.drop()


def _judge_cell(
    cell: NotebookNode, notebook: NotebookNode, kernels: _Kernels, stage: Stage, problem: str | None
) -> Verdict:
    test, maximum = key(cell), float(cell.metadata.nbgrader["points"])
    if problem:
        return Verdict(test, UNGRADED, None, maximum, problem)
    try:
        conversation = Conversation(kernels.learner())
    except LearnerGone as reason:
        return Verdict(test, UNGRADED, None, maximum, str(reason))
    found = _run(cell, conversation, stage)
    if conversation.gone:
        kernels.drop()
    elif found.state != UNGRADED:
        try:
            found = Verdict(**vars(found) | {"printed": found.printed + conversation.learner.printed()})
        except LearnerGone:  # what comes after needs a kernel that can be understood
            kernels.drop()
    exercise = exercise_of(test, notebook) or conversation.last
    edited = any(_is_edited(other) for other in notebook.cells if key(other) == exercise)
    if found.state == FAILED and (conversation.not_implemented or (conversation.missing and not edited)):
        return Verdict(test, NOT_ATTEMPTED, 0.0, maximum, f"`{exercise}` is not solved yet.", found.printed)
    if conversation.missing and kernels.errors.get(exercise):
        message = f"`{conversation.last}` is not defined: its cell stopped with {kernels.errors[exercise]}"
        return Verdict(test, FAILED, 0.0, maximum, message, found.printed)
    return found


def _is_edited(cell: NotebookNode) -> bool:
    return cell.metadata.get("autograder", {}).get("state") == EDITED


def _run(cell: NotebookNode, conversation: Conversation, stage: Stage) -> Verdict:
    test, maximum, printed = key(cell), float(cell.metadata.nbgrader["points"]), io.StringIO()
    try:
        with _judging(stage, test, conversation.learner.shared), contextlib.redirect_stdout(printed):
            conversation.seed(_draw(stage.seed, test))
            points = run_test(cell.source, conversation, maximum)
            if points == maximum:
                conversation.replay()
        if conversation.stopped:  # the test caught it
            raise Stop(conversation.stopped)
        message = printed.getvalue().strip() or "Some of what this test looks at is not right yet."
        return verdict(test, points, maximum, message, printed.getvalue())
    except Stop as reason:
        message = str(reason)
    except Broken as reason:
        return Verdict(test, UNGRADED, None, maximum, str(reason), printed.getvalue())
    except SandboxUnavailable:
        raise  # nobody's fault: all of it is graded again
    except Exception as error:
        if (shared := conversation.learner.shared) and not shared.is_dir():  # a test's own files lie there
            raise SandboxUnavailable(LOST) from error
        if _is_the_tests_fault(error, conversation):
            return Verdict(test, UNGRADED, None, maximum, f"The test itself broke: {error!r}"[:500], printed.getvalue())
        message = sentence_of(error, cell.source, conversation)
    return Verdict(test, FAILED, 0.0, maximum, message, printed.getvalue())


def _is_the_tests_fault(error: Exception, conversation: Conversation) -> bool:
    if isinstance(error, AssertionError | Raised):
        return False
    return not conversation.last or isinstance(error, ImportError | NameError | SyntaxError | MemoryError)


@contextlib.contextmanager
def _judging(stage: Stage, test: str, shared: Path | None) -> Iterator[None]:
    """Set the stage for one test and clear it afterwards: folder, seed, student, random generators, temporary files."""
    with tempfile.TemporaryDirectory(prefix="test-", dir=shared) as scratch, contextlib.chdir(stage.folder):
        before, paths = tempfile.tempdir, sys.path[:]
        sys.path[:] = filter(os.path.isabs, paths)  # in this folder lie a learner's files, which are no modules
        tempfile.tempdir, os.environ[SEED_VARIABLE] = scratch, str(stage.seed)
        os.environ[STUDENT_VARIABLE] = stage.student  # also an empty one: no test reads who a learner claims to be
        _reset(_draw(stage.seed, test))
        try:
            yield
        finally:
            tempfile.tempdir, sys.path[:] = before, paths
            del os.environ[SEED_VARIABLE], os.environ[STUDENT_VARIABLE]


def _draw(seed: int, test: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {test}".encode()).digest()[:4])


def _reset(seed: int) -> None:
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
