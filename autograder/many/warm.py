"""Import the field's libraries and load the grader's base once, in the process that workers are forked from.

Its workers share these pages. It has one thread, computes nothing else, and never touches CUDA.
"""

import gc
import signal

from course.start import quiet

quiet()  # before the libraries that it quiets are imported

import numpy  # noqa: E402, F401
import torch  # noqa: E402

from course.ladder.base import grader_base  # noqa: E402

from ..judging import grading  # noqa: E402, F401

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked for grading
grader_base("bundled")
gc.collect()
gc.freeze()
