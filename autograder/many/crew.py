"""Grade many submissions on an engine, and survive the death of any worker.

with Crew(LocalPool(2, warm=True)) as crew:
    for name, outcome in crew.grade({"ada": work, "bob": other}):
        ...  # outcome is a Graded, or a sentence that says why there is none
"""

import errno
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait

from ..judging.grading import Graded, Work
from .engines import Death, Engine

DEATHS = 2  # a submission at whose grading this many workers died is not tried again
DIED_TWICE = "The process that graded it died twice (out of memory?)."
POLL = 0.2  # seconds between two looks at whether to stop
AHEAD = 2  # works that are sent for each worker, so that none waits for the next


class Crew:
    """The workers of one run, and what each of them has to do."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.running: dict[Future, str] = {}
        self.stopping = False
        """Set this, and `grade` ends soon: from a signal handler, for example."""

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_) -> None:
        self.engine.close(at_once=bool(self.running))

    def grade(self, works: Mapping[str, Work]) -> Iterator[tuple[str, Graded | str]]:
        """Yield what came of each work as soon as it is there; raises `OSError` when a disk is full."""
        waiting, suspects = deque(works), deque()
        deaths: Counter[str] = Counter()
        while (waiting or suspects or self.running) and not self.stopping:
            while waiting and not suspects and len(self.running) < self.engine.size * AHEAD:
                if not self._submit(waiting, works):
                    break
            if suspects and not self.running:  # alone, so that the next death tells whose it is
                self._submit(suspects, works)
            done, _ = wait(self.running, POLL, FIRST_COMPLETED)
            fallen, is_broken = [], False
            for future in done:
                name = self.running.pop(future)
                outcome, death = self._outcome(future)
                if death is Death.NONE:
                    yield name, outcome
                else:
                    fallen.append(name)
                    is_broken |= death is Death.ALL
            if is_broken:
                fallen += self.running.values()
                self.running.clear()
                self.engine.restart()
            for name in fallen:
                deaths[name] += 1
                if deaths[name] >= DEATHS:
                    yield name, DIED_TWICE
                else:
                    suspects.append(name)

    def _submit(self, queue: deque, works: Mapping[str, Work]) -> bool:
        """Hand out the next work; tell whether there was a worker to take it."""
        try:
            self.running[self.engine.submit(works[queue[0]])] = queue[0]
        except BrokenExecutor:  # a worker died just now; what is running will say so
            if not self.running:
                self.engine.restart()
            return False
        queue.popleft()
        return True

    def _outcome(self, future: Future) -> tuple[Graded | str, Death]:
        problem = _problem(future)
        if problem is None:
            return Graded.from_text(future.result()), Death.NONE
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise problem
        return f"Grading failed: {type(problem).__name__}: {problem}"[:500], self.engine.death(problem)


def _problem(future: Future) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as cancelled:
        return cancelled
