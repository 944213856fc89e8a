"""Google Colab without Google: notebooks as Colab saves them, and a machine that looks like one of Colab's.

    saved = as_saved(notebook)                     # a dict, ready for json.dumps
    session = Session(tmp_path / "session", drive=tmp_path / "drive")
    session.run(setup_source(lesson), "course.hand_in('ada')")

A session's disk is gone when it ends; the Drive stays.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BWRAP = shutil.which("bwrap")
USER = {"displayName": "Ada Lovelace", "userId": "01234567890123456789"}

# What the stand-in for google.colab does, module by module. A kernel of Colab's has imported the package already.
STAND_IN = {
    "__init__": "",
    "drive": """
import os
def mount(folder, **_):
    os.makedirs(folder, exist_ok=True)
    os.symlink(os.environ["COLAB_DRIVE"], os.path.join(folder, "MyDrive"))
""",
    "files": """
import os, shutil
def download(name):
    shutil.copy(name, os.environ["COLAB_DOWNLOADS"])
""",
    "_message": """
import json, os
def blocking_request(what, request="", timeout_sec=5, parent=None):
    assert what == "get_ipynb"
    with open(os.environ["COLAB_NOTEBOOK"], encoding="utf-8") as file:
        return {"ipynb": json.load(file)}
""",
}


def as_saved(notebook, keep_metadata=None, as_lines: bool = True, on_github: bool = False) -> dict:
    """Return the notebook as Colab saves it after a run.

    `keep_metadata` names what is left of the cells' own metadata (None: all), since Drive has been seen to strip it;
    `on_github` adds the cell with the badge that Colab's "Save a copy in GitHub" puts on top; without `as_lines` each
    source is one string.
    """
    cells = [_cell(cell, number, keep_metadata, as_lines) for number, cell in enumerate(notebook.cells)]
    colab = {"provenance": [], "gpuType": "T4", "toc_visible": True, "name": "Copy of lesson.ipynb"}
    if on_github:
        badge = {"id": "view-in-github", "colab_type": "text"}
        cells.insert(0, {"cell_type": "markdown", "metadata": badge, "source": ['<a href="https://colab..."></a>']})
        colab["include_colab_link"] = True
    metadata = {
        "accelerator": "GPU",
        "colab": colab,
        "kernelspec": {"display_name": "Python 3", "name": "python3"},
        "language_info": {"name": "python"},
        "widgets": {"application/vnd.jupyter.widget-state+json": _widgets()},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 0}


def _cell(cell, number: int, keep_metadata, as_lines: bool) -> dict:
    metadata = {"id": f"{number:012x}"}  # Colab gives an id to a cell that has none
    metadata |= {name: value for name, value in cell.metadata.items() if keep_metadata is None or name in keep_metadata}
    saved = {"cell_type": cell.cell_type, "metadata": metadata}
    saved["source"] = cell.source.splitlines(keepends=True) if as_lines else cell.source
    if cell.cell_type == "code":
        output = str(uuid.UUID(int=number))
        metadata["colab"] = {"base_uri": "https://localhost:8080/", "height": 35, "referenced_widgets": [output]}
        metadata["outputId"] = output
        metadata["executionInfo"] = {
            "status": "error" if "NotImplementedError" in cell.source else "ok",
            "timestamp": 1_763_800_000_000 + number,
            "user_tz": -60,
            "elapsed": 12,
            "user": USER,
        }
        if cell.source.startswith("# @title "):
            metadata["cellView"] = "form"
        saved["execution_count"] = number
        saved["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["an output\n"]}]
    return saved


def _widgets() -> dict:
    """Return what Colab keeps of widgets: without the "state" that nbformat's schema asks for."""
    model = {"model_module": "@jupyter-widgets/controls", "model_name": "HBoxModel", "model_module_version": "1.5.0"}
    return {uuid.UUID(int=1).hex: {**model, "state": {"_dom_classes": [], "children": []}}}


@dataclass
class Session:
    """One session: its disk is at /content, with the Drive of the one who opened it, which outlives it."""

    folder: Path
    drive: Path

    def __post_init__(self):
        package = self.folder / "site" / "google" / "colab"
        for path in (package, self.folder / "content", self.folder / "downloads", self.drive):
            path.mkdir(parents=True, exist_ok=True)
        for name, source in STAND_IN.items():
            (package / f"{name}.py").write_text(source)

    @property
    def downloads(self) -> list[Path]:
        """List what the browser downloaded."""
        return sorted((self.folder / "downloads").iterdir())

    def open(self, notebook: dict) -> None:
        """Open this notebook in the browser."""
        (self.folder / "open.ipynb").write_text(json.dumps(notebook))

    def run(self, *cells: str, **environment: str) -> subprocess.CompletedProcess:
        """Run cells in a fresh kernel of this session; the machine sees /content as Colab's does."""
        shown = [path for path in Path("/").iterdir() if path.name != "content"]
        machine = [BWRAP, *(word for path in shown for word in ("--dev-bind", str(path), str(path)))]
        machine += ["--bind", str(self.folder / "content"), "/content", "--chdir", "/content"]
        settings = {
            "PYTHONPATH": os.pathsep.join([str(self.folder / "site"), str(ROOT)]),
            "COLAB_DRIVE": str(self.drive),
            "COLAB_DOWNLOADS": str(self.folder / "downloads"),
            "COLAB_NOTEBOOK": str(self.folder / "open.ipynb"),
            "OMP_NUM_THREADS": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_")}
        code = "\n".join(["import google.colab", *cells])
        return subprocess.run(
            [*machine, sys.executable, "-c", code],
            env=inherited | settings | environment, capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    def disconnect(self) -> Session:
        """End this session and begin the next one: the disk is empty, the Drive as it was."""
        shutil.rmtree(self.folder)
        return Session(self.folder, self.drive)
