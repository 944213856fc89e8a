"""An adapter for every rung of the ladder, each made to harm whoever opens it: no points, and nothing opened."""

import adapters
import nbformat
import pytest
from attacked import LIMITS, Classroom, attacks, secrets, states

from autograder.judging.options import KernelOptions
from autograder.judging.verdict import FAILED
from autograder.sandbox import ready
from autograder.sandbox.host import Zygote

TEST = "import json\nfrom course.ladder import climb\n\nclimb('adapter', show=False).score * 2"
GRADED = {"grade_id": "test_adapter", "grade": True, "solution": False, "locked": True, "points": 2}
TOOLS = {name: getattr(adapters, name) for name in ("CONFIG", "WEIGHTS", "entry", "raw", "tensors", "write")}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    with Zygote(cold=True) as zygote:
        zygote.wait_until_warm()
        room = Classroom(tmp_path_factory.mktemp("adapters"), KernelOptions(limits=LIMITS, zygote=zygote.address))
        master = nbformat.read(room.places["master"], as_version=4)
        cell = nbformat.v4.new_code_cell(TEST, id="test_adapter", metadata={"nbgrader": GRADED})
        nbformat.write(nbformat.v4.new_notebook(cells=[*master.cells, cell]), room.places["master"])
        yield room
        ready.close()


@pytest.mark.parametrize("attack", attacks("adapters"), ids=lambda attack: attack.name)
def test_a_hostile_adapter_earns_nothing_and_says_why(classroom, attack):
    folder = classroom.hand_in(attack.path.stem, [])
    adapter = adapters.write(folder / "adapter")
    exec(
        compile(attack.path.read_text(encoding="utf-8"), attack.path, "exec"),
        TOOLS | {"adapter": adapter, "places": classroom.places},
    )
    graded = classroom.grade(folder)
    assert states(graded) == {"test_double": "passed", "test_greet": "passed", "test_adapter": FAILED}
    (report,) = graded.adapters
    failed = next(rung for rung in report["rungs"] if rung["state"] == FAILED)
    assert str(failed["number"]) == attack.path.stem.split("_")[1], failed
    assert failed["sentence"] and report["score"] == 0
    assert not [secret for secret in secrets() if secret in graded.to_text()]
    assert not list(classroom.folder.rglob("exploded"))


def test_a_folder_called_like_a_model_is_not_taken_for_the_model(tmp_path, monkeypatch):
    from huggingface_hub import constants

    from course.ladder.configuration import linear_layers
    from course.models import TIERS, BaseUnavailable

    tier = next(tier for tier in TIERS.values() if tier.name != "bundled")
    (tmp_path / tier.model_id).mkdir(parents=True)
    (tmp_path / tier.model_id / "config.json").write_text('{"model_type": "qwen2", "num_hidden_layers": 1}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BaseUnavailable):
        linear_layers.__wrapped__(tier)
