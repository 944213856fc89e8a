"""Be the command `autograder`, from the first import to the process's end: `python -m autograder`."""

import gc
import signal
import sys

INTERRUPTED = 130  # exit status: 128 + SIGINT


def run() -> None:
    """Run the command line and exit; Ctrl-C is understood from the start, and changes nothing once all is done."""
    try:
        from .cli import main  # late: it takes a second or two, in which somebody may think better of it

        status = main()
    except KeyboardInterrupt:
        print("autograder: stopped", file=sys.stderr)
        status = INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # or Python would look through a million objects for what it need not free any more
    sys.exit(status)


if __name__ == "__main__":
    run()
