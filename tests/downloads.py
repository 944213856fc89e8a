"""An archive of downloads that a test fills, sorts and lays out, as `nbgrader zip_collect` does."""

import json
import logging
import shutil
import zipfile

from autograder.exchange.collecting import Extractor
from autograder.exchange.earlier import RECORD
from autograder.exchange.handins import sort_out
from autograder.exchange.roster import COLUMNS, FILE, read_roster

LESSON = "lesson06_training"
NOTEBOOK = '{"cells": []}'
ADA = "ada,Ada,Lovelace,,12345"
EVE = "eve,Eve,Adams,,666"


class Downloads:
    """A class folder whose archive a test fills."""

    def __init__(self, folder):
        self.folder = folder
        self.archive = folder / "downloaded" / LESSON / "archive"
        self.archive.mkdir(parents=True)
        self.submitted = folder / "submitted"

    def roster(self, *rows):
        (self.folder / FILE).write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")

    def file(self, name, text=NOTEBOOK):
        path = self.archive / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def zip(self, name, student="", lesson=LESSON, notebook=NOTEBOOK, **files):
        path = self.archive / name
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            if notebook:
                archive.writestr(f"{lesson}.ipynb", notebook)
            if student:
                archive.writestr("manifest.json", json.dumps({"student": student, "lesson": lesson, "packed": "now"}))
            for inside, text in files.items():
                archive.writestr(inside.replace("__", "/").replace("_dot_", "."), text)

    def sort(self):
        return {item.path.name: item for item in sort_out(self.archive, LESSON, read_roster(self.folder))}

    def collect(self):
        """Sort and lay out, as `nbgrader zip_collect` does; return state and reason by file."""
        shutil.rmtree(self.archive.parent / "extracted", ignore_errors=True)  # as nbgrader does
        extractor = Extractor()
        extractor.log = logging.getLogger("collect")
        extractor.extract(str(self.archive), str(self.archive.parent / "extracted"))
        record = json.loads((self.archive.parent / RECORD).read_text(encoding="utf-8"))
        return {item["file"]: (item["state"], item["why"]) for item in record}

    def extracted(self, student):
        place = self.archive.parent / "extracted" / student
        return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())

    def submit(self, student, text):
        place = self.submitted / student / LESSON
        place.mkdir(parents=True)
        (place / f"{LESSON}.ipynb").write_text(text)
