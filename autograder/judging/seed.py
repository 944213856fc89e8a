"""Keep the secret seed of a class: it decides what the hidden tests draw."""

import secrets
from pathlib import Path

SEED_FILE = "secret_seed"


def read_seed(class_folder: str | Path) -> int:
    """Read the secret seed of a class; raises `ValueError` when there is none."""
    try:
        return int(Path(class_folder, SEED_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        path = Path(class_folder, SEED_FILE)
        raise ValueError(f"{path} holds no number: make class folders with `autograder init`.") from None


def write_seed(class_folder: Path) -> None:
    """Draw the secret seed of a class; only its owner can read it."""
    path = Path(class_folder, SEED_FILE)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(f"{secrets.randbelow(2**31)}\n", encoding="ascii")
