"""Name what a grade depends on beside the submission and its tests: installed versions, and the course's own code."""

import hashlib
import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from ..submissions.snapshot import digest

DISTRIBUTION = "finetuning-course"
ROOT = Path(__file__).resolve().parents[2]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, of what the course declares that it needs, and hashes of its code."""
    found = {"python": platform.python_version()}
    for line in declared():
        name = re.match(r"[\w.-]+", line)[0]
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found | {package: digest(ROOT / package)[:16] for package in ("autograder", "course")}


@cache
def versions_hash() -> str:
    """Return one hash of `versions()`."""
    return hashlib.sha256(repr(sorted(versions().items())).encode()).hexdigest()


def declared() -> list[str]:
    """Return what the installed course requires to learn and to grade, as requirement lines."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return ["torch", "transformers", "peft", "numpy", "ipykernel"]
    return [line for line in lines if not re.search(r"extra == .(dev|cluster|postgres|local)", line)]
