"""The same training in two processes: they share each batch, learn what one would, and save one adapter."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from course.ladder import inspect
from course.ladder.report import PASSED
from course.launched import HISTORY, share
from course.models import nf4

ROOT = Path(__file__).resolve().parents[1]
STEPS, EXAMPLES = 4, 64
LAUNCHER = (
    "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --main_process_port 0 "
    "--mixed_precision=no --dynamo_backend=no"
).split()
SETTINGS = f"-m course.launched --steps {STEPS} --examples {EXAMPLES} --dropout 0 --output".split()


def train(folder, *launcher):
    """Train in processes of their own, and return the adapter's folder and what was logged."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launcher, *SETTINGS, str(folder)]
    done = subprocess.run(command, env=environment, cwd=folder.parent, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads((folder / HISTORY).read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return train(tmp_path_factory.mktemp("alone") / "adapter")


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    return train(tmp_path_factory.mktemp("together") / "adapter", *LAUNCHER)


def test_four_bit_codes_are_stored_as_fsdp_can_share_them_out(monkeypatch):
    assert nf4().bnb_4bit_quant_storage == torch.uint8
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert nf4().bnb_4bit_quant_storage == nf4().bnb_4bit_compute_dtype


@pytest.mark.slow
def test_two_processes_save_one_adapter_that_the_ladder_accepts(together):
    folder, found = together
    rungs, adapter = inspect(folder)
    assert [rung.state for rung in rungs] == [PASSED] * 3 and adapter.declared.tier.name == "bundled"
    assert len(list(folder.parent.rglob("adapter_model.safetensors"))) == 1
    assert (found["processes"], found["rows_a_process"]) == (2, 8)


@pytest.mark.slow
def test_they_share_each_batch_and_learn_what_one_process_learns(alone, together):
    steps = [[row for row in run[1]["history"] if "loss" in row] for run in (alone, together)]
    assert alone[1]["processes"] == 1 and len(steps[0]) == len(steps[1]) == STEPS
    assert steps[1][-1]["epoch"] == 1.0  # 4 steps of 2 × 8 rows: each of the 64 was seen once, by one of the two
    for one, two in zip(*steps, strict=True):
        assert two["num_tokens"] == one["num_tokens"]
        assert math.isclose(two["loss"], one["loss"], rel_tol=1e-5), (one, two)
        assert math.isclose(two["grad_norm"], one["grad_norm"], rel_tol=1e-4), (one, two)
    mine, theirs = (inspect(folder)[1].updates for folder, _ in (alone, together))
    assert max(float((mine[name].b - theirs[name].b).abs().max()) for name in mine) < 1e-4


SAVES = """
import sys
import torch
from pathlib import Path
from accelerate import PartialState
from peft import get_peft_model
from peft.utils.other import fsdp_auto_wrap_policy
from course.launched import Shared, save_shared
from course.models import load_base
from course.training import lora

state, folder = PartialState(cpu=True), Path(sys.argv[1])
base = load_base("bundled")
torch.manual_seed(3)
model = get_peft_model(base.model, lora(4))
for name, weights in model.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(weights, std=0.02)
if state.is_main_process:
    torch.save(model.state_dict(), folder / "before.pt")
whole = sum(part.numel() for part in model.parameters())
shared = Shared(model, auto_wrap_policy=fsdp_auto_wrap_policy(model), device_id=torch.device("cpu"))
assert sum(part.numel() for part in shared.parameters()) < 0.6 * whole  # this process's half
shared(input_ids=torch.tensor([[5, 6]]), labels=torch.tensor([[5, 6]])).loss.backward()
save_shared(shared, base.tier, folder / "adapter", state.is_main_process)
state.wait_for_everyone()
state.destroy_process_group()
"""


@pytest.mark.slow
def test_an_adapter_that_two_processes_share_by_fsdp_is_saved_whole(tmp_path):
    (tmp_path / "saves.py").write_text(SAVES)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment["FSDP_TRANSFORMER_CLS_TO_WRAP"] = "Qwen2DecoderLayer"
    command = [sys.executable, *LAUNCHER, str(tmp_path / "saves.py"), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    rungs, _ = inspect(tmp_path / "adapter")
    assert [rung.state for rung in rungs] == [PASSED] * 3, rungs
    before = torch.load(tmp_path / "before.pt")
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert len(saved) == 56
    for name, weights in saved.items():
        kind, _, end = name.rpartition(".")
        assert torch.equal(weights, before[f"{kind}.default.{end}"]), name


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    assert share(16, 2) == 8
    with pytest.raises(ValueError, match="cannot be shared evenly by 3"):
        share(16, 3)


def test_the_configuration_for_gpus_is_one_that_accelerate_reads():
    from accelerate.commands.config.config_args import ClusterConfig
    from accelerate.utils import FullyShardedDataParallelPlugin

    path = ROOT / "course" / "fsdp_qlora.yaml"
    config = ClusterConfig.from_yaml_file(str(path))
    assert config.distributed_type == "FSDP" and config.num_processes == 2
    known = set(FullyShardedDataParallelPlugin.__dataclass_fields__)
    renamed = {"sharding_strategy", "forward_prefetch", "offload_params"}
    for name in yaml.safe_load(path.read_text())["fsdp_config"]:
        short = name.removeprefix("fsdp_")
        assert {short, name} & (known | renamed), name
