"""A crew hands out work, and no death of a worker is anybody's loss but the culprit's."""

import multiprocessing
import signal
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from autograder.judging.grading import Graded, Inputs
from autograder.judging.verdict import PASSED, Verdict
from autograder.many import workers
from autograder.many.crew import DIED_TWICE, Crew
from autograder.many.engines import Death


class Pool:
    """An engine whose workers all die when they are given deadly work, as those of a real pool do."""

    def __init__(self, size=2, deadly=(), deaths=99):
        self.size, self.deadly, self.deaths = size, deadly, deaths
        self.open: list[tuple[str, Future]] = []
        self.given: list[str] = []
        self.restarts, self.closed = 0, None

    def submit(self, work):
        self.given.append(work)
        future = Future()
        self.open.append((work, future))
        if len(self.open) == self.size or work in self.deadly or work == "last":
            self.work()
        return future

    def work(self):
        if self.deaths and any(work in self.deadly for work, _ in self.open):
            self.deaths -= 1
            for _, future in self.open:
                future.set_exception(BrokenProcessPool("a process died"))
        else:
            for work, future in self.open:
                if isinstance(work, Exception):
                    future.set_exception(work)
                else:
                    future.set_result(graded(work).to_text())
        self.open = []

    def death(self, problem):
        return Death.ALL if isinstance(problem, BrokenProcessPool) else Death.NONE

    def restart(self):
        self.restarts += 1

    def close(self, at_once=False):
        self.closed = at_once


class Impatient(Pool):
    """An engine that has done everything as soon as it is given."""

    def submit(self, work):
        future = super().submit(work)
        if self.open:
            self.work()
        return future


def graded(name):
    inputs = Inputs(str(name), "tests", "versions", "seed", "none", "options")
    return Graded(inputs, (Verdict("test_a", PASSED, 1.0, 1.0),))


def outcomes(engine, names):
    with Crew(engine) as crew:
        return {
            name: outcome if isinstance(outcome, str) else outcome.inputs.submission
            for name, outcome in crew.grade({name: name for name in names})
        }


def test_every_work_comes_back_once():
    assert outcomes(Impatient(), ["ada", "bob", "cy"]) == {"ada": "ada", "bob": "bob", "cy": "cy"}


def test_work_at_whose_grading_two_workers_die_is_given_up_and_all_other_work_is_done():
    engine = Impatient(deadly=["bob"])
    found = outcomes(engine, ["ada", "bob", "cy", "dan", "eve"])
    assert found == {"ada": "ada", "bob": DIED_TWICE, "cy": "cy", "dan": "dan", "eve": "eve"}
    assert engine.given.count("bob") == 2 and engine.restarts == 2


def test_one_death_is_tried_again_alone():
    engine = Impatient(deadly=["bob"], deaths=1)
    assert outcomes(engine, ["ada", "bob", "cy"])["bob"] == "bob"
    assert engine.given.count("bob") == 2


def test_a_pool_that_breaks_while_work_is_handed_out_is_started_again():
    class Breaking(Pool):
        def submit(self, work):
            if self.given and not self.restarts:
                for _, future in self.open:
                    future.set_exception(BrokenProcessPool("a process died"))
                self.open = []
                raise BrokenProcessPool("a process died")
            future = super().submit(work)
            if self.restarts:
                self.work()
            return future

    engine = Breaking(size=4)
    assert outcomes(engine, ["ada", "bob", "cy"]) == {"ada": "ada", "bob": "bob", "cy": "cy"}
    assert engine.restarts == 1


def test_what_grading_raises_is_a_reason_and_not_the_end():
    broken = ValueError("odd")
    engine = Impatient()
    with Crew(engine) as crew:
        found = dict(crew.grade({"ada": broken, "bob": "bob"}))
    assert found["ada"] == "Grading failed: ValueError: odd"
    assert found["bob"].inputs.submission == "bob"


def test_a_full_disk_ends_the_run():
    with pytest.raises(OSError, match="No space"), Crew(Impatient()) as crew:
        list(crew.grade({"ada": OSError(28, "No space left on device")}))


def test_stopping_ends_the_workers_in_the_middle_of_their_work():
    engine = Pool(size=9)  # none of its work is ever done
    with Crew(engine) as crew:
        crew.stopping = True
        assert list(crew.grade({"ada": "ada"})) == []
        crew.running[Future()] = "ada"
    assert engine.closed is True


def test_a_crew_whose_work_is_done_lets_its_workers_go():
    engine = Impatient()
    outcomes(engine, ["ada"])
    assert engine.closed is False


def _catch_everything(line):
    workers.PATIENCE = 1
    workers.start_worker()
    try:
        line.send("ready")
        time.sleep(60)
    except BaseException:
        time.sleep(60)


def test_a_worker_that_is_told_to_end_ends_even_if_something_catches_its_exit():
    context = multiprocessing.get_context("spawn")
    line, theirs = context.Pipe()
    worker = context.Process(target=_catch_everything, args=[theirs])
    worker.start()
    assert line.recv() == "ready"
    worker.terminate()
    worker.join(30)
    assert worker.exitcode == -signal.SIGALRM
