"""The adapter of lesson 6 is found where it was left, an unsound one is passed over, and it can be switched off."""

import torch
from adapters import WEIGHTS, write

from course.models import TIERS
from course.own_adapter import find_adapter, load_for_measuring, load_with_adapter

BUNDLED = TIERS["bundled"]


def test_the_first_sound_adapter_is_taken(tmp_path):
    broken = write(tmp_path / "broken")
    (broken / WEIGHTS).write_bytes(b"no tensors")
    good = write(tmp_path / "good")
    assert find_adapter(BUNDLED, [tmp_path / "none", broken, good, write(tmp_path / "later")]) == good


def test_an_adapter_for_another_base_is_passed_over(tmp_path):
    assert find_adapter(TIERS["t4"], [write(tmp_path / "adapter")]) is None


def test_an_adapter_beside_the_notebook_comes_before_that_of_lesson_6(tmp_path, monkeypatch):
    (tmp_path / "lesson07_evaluation").mkdir()
    monkeypatch.chdir(tmp_path / "lesson07_evaluation")
    assert find_adapter(BUNDLED) is None
    write(tmp_path / "lesson06_training" / "adapter")
    assert str(find_adapter(BUNDLED)) == "../lesson06_training/adapter"
    write(tmp_path / "lesson07_evaluation" / "adapter")
    assert str(find_adapter(BUNDLED)) == "adapter"


def test_switched_off_it_leaves_the_base(tmp_path):
    ids = torch.arange(5, 25)[None]
    loaded = load_with_adapter(BUNDLED, write(tmp_path / "adapter"))
    with torch.no_grad():
        with_it = loaded.model(ids).logits
        with loaded.model.disable_adapter():
            without = loaded.model(ids).logits
        base = load_for_measuring(BUNDLED).model(ids).logits
    assert torch.allclose(without, base, atol=1e-5)
    assert not torch.allclose(with_it, base, atol=1e-3)
