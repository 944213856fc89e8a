"""Be a worker: a process that grades what it is sent, and that ends when nobody needs it any more."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading

from ..judging.grading import Work, grade_submission

TOLD_TO_END = 143  # exit status: 128 + SIGTERM
PATIENCE = 5  # seconds for the kernels to end


def start_worker() -> None:
    """Prepare a process of a local pool: Ctrl-C is not for it, SIGTERM ends it cleanly, its parent's death as well."""
    signal.signal(signal.SIGINT, lambda *_: None)  # reaches all processes of a terminal; the first ends the others
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def grade_to_text(work: Work) -> str:
    """Grade one submission and return the result as text: nothing else comes back from a worker."""
    try:
        return grade_submission(work).to_text()
    except SystemExit:  # the pool would take it for a result
        os._exit(TOLD_TO_END)


def _end(number: int, frame: object) -> None:
    """Leave through every `with`, so that kernels end as well; and if something catches that, without."""
    signal.alarm(PATIENCE)  # the pool catches whatever is raised while it sends a result, and would wait on for work
    sys.exit(TOLD_TO_END)


def _end_with_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(PATIENCE)
    os._exit(TOLD_TO_END)
