"""Rung 1, files: open the two files that matter, follow no link, unpickle nothing, read no more than is needed.

    >>> with open_adapter("adapter") as files:
    ...     files.config, files.header.tensors, files.read_weights()

What is checked is what is used: both files are opened once, and everything is read from those open files.
"""

import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from course.ladder.header import AGAIN, MAX_WEIGHTS, Header, parse_json, read_header
from course.ladder.report import Fault, quote, size

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MAX_CONFIG = 64_000
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
SAVE = 'Save it with `save_adapter(run.model, base.tier, "adapter")`'

# Windows has neither; there a link is still refused, by the look at it before it is opened.
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)
RELATIVE = os.open in os.supports_dir_fd


@dataclass(frozen=True)
class AdapterFiles:
    """An adapter's configuration and weights, opened; the weights' data are read when their size is known to fit."""

    config: dict
    header: Header
    weights: BinaryIO

    def read_weights(self) -> bytes:
        """Return the whole safetensors file: the header that was checked, and the data that follow it."""
        data = self.weights.read(self.header.data_size)
        if len(data) < self.header.data_size:
            raise Fault(f"`{WEIGHTS}` changed while it was read. Run this again.")
        return self.header.raw + data


@contextmanager
def open_adapter(folder: str | Path) -> Iterator[AdapterFiles]:
    """Open an adapter's two files for reading. Raises Fault with what to do when they cannot be trusted or read."""
    with ExitStack() as stack:
        try:
            place = _open_folder(folder, stack)
            names = _names(folder if place is None else place)
            config = stack.enter_context(_open_file(CONFIG, place, folder, names))
            weights = stack.enter_context(_open_file(WEIGHTS, place, folder, names))
            raw, file_size = config.read(MAX_CONFIG + 1), os.fstat(weights.fileno()).st_size
            if len(raw) > MAX_CONFIG:
                raise Fault(f"`{CONFIG}` is larger than {size(MAX_CONFIG)}, so it is not PEFT's. {AGAIN}.")
            if file_size > MAX_WEIGHTS:
                raise Fault(
                    f"`{WEIGHTS}` has {size(file_size)}; an adapter has at most {size(MAX_WEIGHTS)}. "
                    "Save the adapter alone, not a merged model."
                )
            files = AdapterFiles(
                parse_json(raw, f"`{CONFIG}`"), read_header(weights.read, file_size, f"`{WEIGHTS}`"), weights
            )
        except (OSError, ValueError) as error:
            if isinstance(error, Fault):
                raise
            reason = getattr(error, "strerror", None) or type(error).__name__
            name = quote(str(folder))
            raise Fault(f"{name} cannot be read ({reason}). Check its name and its permissions.") from None
        yield files


def read_small(name: str, folder: str | Path, limit: int, advice: str) -> bytes:
    """Return a small file beside an adapter, whole. Raises Fault, with `advice`, when it cannot be trusted or read."""
    with ExitStack() as stack:
        try:
            place = _open_folder(folder, stack)
            if name not in _names(folder if place is None else place):
                raise Fault(f"`{name}` is missing from {quote(str(folder))}. {advice}.")
            raw = stack.enter_context(_open_file(name, place, folder, {name}, advice)).read(limit + 1)
        except (OSError, ValueError) as error:
            if isinstance(error, Fault):
                raise
            raise Fault(f"`{name}` cannot be read ({type(error).__name__}). {advice}.") from None
    if len(raw) > limit:
        raise Fault(f"`{name}` is larger than {size(limit)}. {advice}.")
    return raw


def _open_folder(folder: str | Path, stack: ExitStack) -> int | None:
    """Open the folder itself, so that it stays the same one; None where folders cannot be opened (Windows)."""
    name = quote(str(folder))
    try:
        kind = os.lstat(folder).st_mode
    except FileNotFoundError:
        raise Fault(f"There is no folder {name} here. Train an adapter first. {SAVE}.") from None
    if stat.S_ISLNK(kind):
        raise Fault(f"{name} is a link, and links are not followed. Copy the folder itself to this place.")
    if not stat.S_ISDIR(kind):
        raise Fault(f"{name} is not a folder. It should be one that holds `{CONFIG}` and `{WEIGHTS}`. {SAVE}.")
    if not RELATIVE:
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | NO_LINK)
    stack.callback(os.close, descriptor)
    return descriptor


def _names(folder: str | Path | int) -> set[str]:
    """Return the names in a folder, the first 10,000 of them."""
    with os.scandir(folder) as found:
        return {entry.name for entry in itertools.islice(found, 10_000)}


def _open_file(name: str, place: int | None, folder: str | Path, names: set[str], advice: str = SAVE) -> BinaryIO:
    path = name if place is not None else os.path.join(folder, name)
    try:
        before = os.stat(path, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        raise Fault(_missing(name, quote(str(folder)), names)) from None
    if stat.S_ISLNK(before.st_mode):
        raise Fault(f"`{name}` is a link, and links are not followed. Copy the file itself into the folder.")
    _check_file(name, before, advice)
    descriptor = os.open(path, os.O_RDONLY | NO_LINK | BINARY, dir_fd=place)
    file = open(descriptor, "rb")  # noqa: SIM115 (the caller's stack closes it)
    try:
        _check_file(name, os.fstat(descriptor), advice)
    except Fault:
        file.close()
        raise
    return file


def _check_file(name: str, status: os.stat_result, advice: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Fault(f"`{name}` is not an ordinary file. Remove it. {advice}.")
    if status.st_nlink > 1:
        raise Fault(f"`{name}` is a hard link: the same file has another name elsewhere. Put a copy of it here.")
    if status.st_size == 0:
        raise Fault(f"`{name}` is empty. {advice if advice != SAVE else AGAIN}.")


def _missing(name: str, folder: str, names: set[str]) -> str:
    """Say that a file is missing, and what seems to have been saved in its place."""
    pickles = sorted(one for one in names if one.lower().endswith(PICKLES) and one != "training_args.bin")
    checkpoints = sorted(one for one in names if one.startswith("checkpoint-"))
    if name == WEIGHTS and pickles:
        return (
            f"{folder} holds the pickle {quote(pickles[0])} in place of `{WEIGHTS}`. Pickles can run code when "
            f"they are opened, so none ever is. {SAVE}, which writes safetensors."
        )
    if "model.safetensors" in names or "model.safetensors.index.json" in names:
        return f"{folder} holds a whole model (`model.safetensors`) and no adapter. {SAVE}, before any merging."
    if checkpoints:
        return f"{folder} holds checkpoints, and no `{name}` of its own. Load {quote(checkpoints[-1])}. {SAVE}."
    if not names:
        return f"{folder} is empty. {SAVE}."
    return f"`{name}` is missing from {folder}. {SAVE}, which writes both files."
