"""Read what somebody handed in: bounded, tolerant, and never following a link.

A submission is a list of cells and, when it cannot be read, a sentence that says why. Whatever else a notebook holds
(outputs, widgets, Colab's metadata) is left behind here.
"""

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_FILE = 50 * 2**20
MAX_CELLS = 2_000
MAX_SOURCE = 2**20
PLACEHOLDER = "autograder_placeholder"
_ID_COMMENT = re.compile(r"#\s*([A-Za-z_]\w*)(?:\s+·.*)?\s*")


@dataclass(frozen=True)
class SubmittedCell:
    """One cell, with the ids under which it may be known, best first, and the id that its first line names."""

    kind: str
    source: str
    ids: tuple[str, ...] = ()
    comment: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """The cells of a submitted notebook, or the problem with it."""

    cells: tuple[SubmittedCell, ...] = ()
    problem: str = ""
    name: str = ""


def read_submission(path: Path) -> Submission:
    """Read a notebook of any nbformat version; never raises for what is in the file."""
    path = Path(path)
    try:
        data = json.loads(_text(path))
        if isinstance(data, dict) and PLACEHOLDER in _dict(data.get("metadata")):
            raise ValueError("No notebook was submitted.")
        return Submission(tuple(_cells(data, path.name)), name=path.name)
    except RecursionError:
        problem = f"{path.name} is nested too deep to be a notebook."
    except json.JSONDecodeError as error:
        problem = f"{path.name} is not a notebook: it stops being JSON at line {error.lineno}. {_guess(path)}"
    except UnicodeDecodeError:
        problem = f"{path.name} is not a notebook: it is not text in UTF-8. {_guess(path)}"
    except OSError as error:
        problem = f"{path.name} cannot be read: {error.strerror}."
    except ValueError as error:
        problem = str(error)
    return Submission(problem=problem.strip(), name=path.name)


def _text(path: Path) -> str:
    if path.is_symlink():
        raise ValueError(f"{path.name} is a link. Submit the notebook itself.")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path.name} is not a file. Submit the notebook itself.")
        if status.st_size > MAX_FILE:
            raise ValueError(
                f"{path.name} has {status.st_size / 2**20:.0f} MB; at most {MAX_FILE // 2**20} MB are graded. "
                "Clear the outputs, save and submit again."
            )
        data = file.read(MAX_FILE + 1)
    if not data.strip():
        raise ValueError(f"{path.name} is empty. Save the notebook and submit it again.")
    return data.decode("utf-8-sig")


def _guess(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(200).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return "It is a web page: in Colab choose File > Download > Download .ipynb."
    if start.startswith(b"pk"):
        return "It is a zip archive: submit the notebook that is in it."
    return "Is it the whole file? Save the notebook and submit it again."


def _cells(data: object, name: str) -> list[SubmittedCell]:
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise ValueError(f"{name} is not a notebook: it has no cells. Submit the .ipynb file itself.")
    cells = data.get("cells")
    if cells is None:  # nbformat 3
        cells = [cell for sheet in _list(data.get("worksheets")) for cell in _list(_dict(sheet).get("cells"))]
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError(f"{name} is not a notebook: its cells are damaged. Save the notebook and submit it again.")
    if len(cells) > MAX_CELLS:
        raise ValueError(f"{name} has {len(cells):,} cells; at most {MAX_CELLS:,} are graded.")
    return [_cell(cell, name) for cell in cells]


def _cell(cell: dict, name: str) -> SubmittedCell:
    kind = cell.get("cell_type")
    source = cell.get("source", cell.get("input", ""))  # nbformat 3 calls a code cell's source its input
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        raise ValueError(f"{name} is not a notebook: a cell's source is not text. Save it and submit it again.")
    if len(source) > MAX_SOURCE:
        raise ValueError(f"{name} has a cell of {len(source) / 2**20:.0f} MB; at most 1 MB is graded.")
    source = source.encode("utf-8", "replace").decode()  # a lone surrogate could not be written again
    metadata = _dict(cell.get("metadata"))
    nbgrader = _dict(metadata.get("nbgrader"))
    ids = [nbgrader.get("grade_id"), cell.get("id"), metadata.get("id")]
    comment = _ID_COMMENT.fullmatch(source.lstrip().split("\n", 1)[0]) if kind == "code" else None
    return SubmittedCell(
        kind if kind in ("code", "markdown") else "raw",
        source,
        tuple(value for value in ids if isinstance(value, str) and value),
        comment.group(1) if comment else "",
        tuple(tag for tag in _list(metadata.get("tags")) if isinstance(tag, str)),
    )


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list:
    return value if isinstance(value, list) else []
