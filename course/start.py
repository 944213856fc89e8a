"""Begin a lesson: choose the tier, say where progress is kept, and make failing tests speak in sentences."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import platform
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from course import feedback, state
from course.lessons import find_lesson

if TYPE_CHECKING:
    from course.models import Tier


def start(lesson: str, tier: str | None = None) -> Tier:
    """Begin a lesson and return the tier that its cells use; `tier` names one instead of letting the hardware choose.

    tier = course.start("lesson06_training")
    tier = course.start("lesson06_training", tier="t4-large")
    """
    here = find_lesson(lesson)
    quiet()
    from course.models import choose_tier  # late, because it needs torch

    chosen, reason = choose_tier(tier)
    feedback.install()
    os.environ["COURSE_LESSON"] = lesson  # tells a quick check which lesson it stands in
    drive = _mount_drive() if state.in_colab() else ""
    found = state.load()
    print(f"Lesson {here.number} · {here.title}")
    print(f"Model tier: {chosen.name}, {reason.rstrip('.')}.")
    versions = f"Python {platform.python_version()}, torch {_torch_version()}"
    print(f"Progress is kept in {_short(state.state_path())}. {versions}.")
    for notice in (drive, found.notice):
        if notice:
            print(notice)
    return chosen


def quiet() -> None:
    """Silence library messages that are harmless and would frighten a learner; errors still come through.

    What a reader must see to find a fault stays: exceptions, and every message at level ERROR.
    """
    settings = {
        # A fork after tokenizing (a data loader's worker) prints a paragraph about deadlocks that it then avoids.
        "TOKENIZERS_PARALLELISM": "false",
        # Advice on every load, such as generation settings that were ignored. Errors stay.
        "TRANSFORMERS_VERBOSITY": "error",
        # Half a dozen bars for each data set, of a second each at the course's sizes.
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)  # a learner's own setting wins
    # The first import logs that compiled CPU kernels are missing, and uses PyTorch's instead.
    if (logger := logging.getLogger("bitsandbytes")).level != logging.ERROR:  # setting it visits every logger there is
        logger.setLevel(logging.ERROR)
    harmless = {
        r".*pin_memory.*": UserWarning,  # a data loader on a machine with no GPU
        r".*gradient_checkpointing.* is deprecated": FutureWarning,  # the trainers still use a name that will change
        r".*HF_TOKEN.*": UserWarning,  # Colab has no secret of that name, and needs none
        r".*IProgress not found.*": Warning,  # a kernel without widgets draws its progress bars as text
    }
    for message, category in harmless.items():
        warnings.filterwarnings("ignore", message=message, category=category)


def _mount_drive() -> str:
    """Ask Colab for the learner's Drive, and return what to tell a learner who declines."""
    if state.DRIVE.is_dir():
        return ""
    print("Colab forgets its files when it disconnects. Allow access to Google Drive, and your work is kept there.")
    try:
        importlib.import_module("google.colab.drive").mount("/content/drive")
    except Exception as error:  # declined, no browser, or Drive is down: Colab raises many types
        return (
            f"Drive is not connected ({type(error).__name__}). All works without it, "
            "but download what you want to keep before Colab disconnects."
        )
    return ""


def _torch_version() -> str:
    """Return the installed version without importing torch."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _short(path: Path) -> str:
    """Return the path relative to the working directory or the home folder where that is shorter."""
    for folder, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(folder):
            return prefix + path.relative_to(folder).as_posix()
    return str(path)
