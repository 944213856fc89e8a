"""The learner's whole road in Colab: the badge, the first cell, a run cut off by a disconnect, the zip to hand in."""

import json
import re
import zipfile

import pytest
from colab import BWRAP, ROOT, Session, as_saved

from autograder.authoring.lesson import find_lessons, read_lesson
from autograder.authoring.notebooks import solution_notebook, source_notebook
from autograder.authoring.setup_cell import repository, setup_source
from autograder.check import beside, notebook_in
from course.ladder import inspect
from course.models import TIERS

LESSON = "lesson06_training"
SIXTH = ROOT / "lesson03_to_08" / LESSON
needs_namespaces = pytest.mark.skipif(BWRAP is None, reason="no bubblewrap to show a session its own /content")


@pytest.mark.parametrize("folder", find_lessons(ROOT), ids=lambda folder: folder.name)
def test_the_badge_opens_the_committed_notebook(folder):
    opening = json.loads((folder / f"{folder.name}.ipynb").read_text(encoding="utf-8"))["cells"][0]["source"]
    address = re.search(r"\((https://colab\.research\.google\.com/github/[^)]+)\)", "".join(opening))[1]
    owner_and_name = repository().removeprefix("https://github.com/")
    path = address.removeprefix(f"https://colab.research.google.com/github/{owner_and_name}/blob/main/")
    assert ROOT / path == folder / f"{folder.name}.ipynb"


@pytest.fixture
def session(tmp_path):
    return Session(tmp_path / "session", tmp_path / "drive")


@pytest.fixture(scope="module")
def solved():
    return solution_notebook(read_lesson(SIXTH))


def cells(notebook, *starts):
    """Find the cells that begin like this, in the given order."""
    return [next(cell.source for cell in notebook.cells if cell.source.startswith(start)) for start in starts]


TRAINING = (
    "from trl import SFTConfig", "# pick_precision", "capability = ", "import math", "# schedule",
    "from pathlib import Path", "import gc", "import os", "# latest_checkpoint", "effective = ",
    "from course.training import save_adapter",
)  # fmt: skip
IMPORTS = """
import shutil, torch
from peft import LoraConfig
from course.data import draw_tickets
from course.models import load_base"""  # other cells of the lesson have imported these
WATCHER = """
from transformers import TrainerCallback

class Watcher(TrainerCallback):
    trained = []
    def on_step_end(self, args, state, control, **kwargs):
        self.trained.append(state.global_step)
        if state.global_step == {cut_off}:
            os._exit(9)  # as abrupt as Colab

trainer.add_callback(Watcher())
trainer.train("""


def training(notebook, cut_off=None):
    """Return lesson 6's run on fewer tickets, 8 steps with a checkpoint every 2, cut off after one of them."""
    short = "tickets=128, batch=16, accumulation=1, epochs=1"
    source = "\n".join([IMPORTS, *cells(notebook, *TRAINING)])
    source = source.replace("tickets=1_000, batch=16, accumulation=1, epochs=2", short)
    assert short in source
    source = source.replace('eval_strategy="steps", ', "")  # which takes longer than this training
    source = source.replace("trainer.train(", WATCHER.format(cut_off=cut_off))
    source = source.replace('print("Diagnosis:"', 'print("trained", Watcher.trained) #')
    assert "Watcher.trained)" in source
    return source


@needs_namespaces
@pytest.mark.slow
def test_work_survives_disconnects_and_is_handed_in_as_one_zip(session, solved):
    first = setup_source(LESSON)
    begun = session.run(first, training(solved, cut_off=5))
    assert begun.returncode == 9, begun.stderr
    assert "Allow access to Google Drive" in begun.stdout and "Model tier: bundled" in begun.stdout
    assert "Progress is kept in drive/MyDrive/finetuning-course/progress.json" in begun.stdout

    session = session.disconnect()
    passed = f'from course import state\nstate.record("{LESSON}", 0.9, True)'
    resumed = session.run(first, training(solved), passed)
    assert resumed.returncode == 0, resumed.stderr
    assert "trained [5, 6, 7, 8]" in resumed.stdout, "from the checkpoint of step 4, which is on Drive"

    session = session.disconnect()
    session.open(as_saved(solved))
    handed_in = session.run(
        first,
        "from course.own_adapter import find_adapter\nprint('found', find_adapter(tier))",
        f"print('passed', course.state.load().lesson('{LESSON}').complete)",
        'course.hand_in("ada")',
    )
    assert handed_in.returncode == 0, handed_in.stderr
    assert "found /content/drive/MyDrive/finetuning-course/adapter" in handed_in.stdout
    assert "passed True" in handed_in.stdout
    assert "Hand it in where your teacher collects work." in handed_in.stdout
    (download,) = session.downloads
    assert (session.drive / "finetuning-course" / download.name).is_file(), "a copy stays on Drive"
    with zipfile.ZipFile(download) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        packed = set(archive.namelist())
    assert (download.name, manifest["student"], manifest["lesson"]) == (f"ada_{LESSON}.zip", "ada", LESSON)
    assert {f"{LESSON}.ipynb", "adapter/adapter_model.safetensors", "adapter/adapter_config.json"} <= packed
    unpacked = notebook_in(download, session.folder / "unpacked")
    (adapter,) = beside(unpacked, source_notebook(read_lesson(SIXTH)))
    assert inspect(adapter, TIERS["bundled"])[1] is not None, "what is graded with it is a sound adapter"


@needs_namespaces
@pytest.mark.slow
def test_who_declines_drive_hands_in_from_the_sessions_disk(session, solved):
    session.open(as_saved(solved))
    (session.folder / "site" / "google" / "colab" / "drive.py").write_text("def mount(folder): raise ValueError\n")
    done = session.run(setup_source(LESSON), 'course.hand_in("ada")')
    assert done.returncode == 0, done.stderr
    assert "Drive is not connected" in done.stdout and "Progress is kept in progress.json" in done.stdout
    assert [path.name for path in session.downloads] == [f"ada_{LESSON}.zip"]
    assert list(session.drive.iterdir()) == []
