"""What becomes of sound adapters, what a climb shows, how it scores, and what it leaves of the base."""

import json
import math
import os

import pytest
import torch
from adapters import tensors, write

from course.evaluation import TriageScore
from course.ladder import climb, inspect
from course.ladder.behaviour import Measured
from course.ladder.report import FAILED, NAMES, NOT_REACHED, PASSED, Report, Rung, quote, size
from course.ladder.scoring import behaviour_rung, forgetting_rung, score
from course.models import BUNDLED


@pytest.fixture
def adapter(tmp_path):
    return write(tmp_path / "adapter")


# Sound adapters


def test_a_sound_adapter_passes_the_first_three_rungs(adapter):
    rungs, found = inspect(adapter)
    assert [rung.state for rung in rungs] == [PASSED] * 3
    assert found.declared.tier.name == "bundled" and found.declared.rank == 4 and found.parameters == 8 * 4 * 384


def test_an_adapter_saved_by_peft_itself_passes(tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(BUNDLED))
    model.name_or_path = "/content/course/course/bundled"
    tuned = get_peft_model(model, LoraConfig(r=3, target_modules="all-linear", task_type="CAUSAL_LM", use_rslora=True))
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    tuned.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    rungs, found = inspect(tmp_path / "adapter")
    assert [rung.state for rung in rungs] == [PASSED] * 3, rungs[-1].sentence
    assert len(found.updates) == 28
    assert math.isclose(found.declared.scaling, 8 / math.sqrt(3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_half_and_double_precision_are_fine(tmp_path, dtype):
    rungs, _ = inspect(write(tmp_path / "a", {name: one.to(dtype) for name, one in tensors().items()}))
    assert rungs[-1].state == PASSED, rungs[-1].sentence


def test_other_files_in_the_folder_do_not_matter_and_are_not_opened(adapter):
    (adapter / "training_args.bin").write_bytes(b"\x80\x04 not a pickle that loads")
    (adapter / "tokenizer.json").write_text("{")
    os.mkfifo(adapter / "README.md")
    assert inspect(adapter)[0][-1].state == PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"target_modules": ["layers.0.self_attn.q_proj", "model.layers.3.mlp.up_proj"]},
        {"revision": None, "base_model_name_or_path": r"C:\Users\ada\course\bundled"},
        {"init_lora_weights": "gaussian"},
        {"lora_dropout": 0.3, "peft_version": "9.9"},
        {"something_new_in_peft": None},
        {"task_type": None},
    ],
)
def test_harmless_differences_pass(tmp_path, changes):
    kinds = tuple(changes.get("target_modules", ("q_proj", "v_proj")))
    rungs, _ = inspect(write(tmp_path / "a", tensors(kinds=kinds), **changes))
    assert rungs[-1].state == PASSED, rungs[-1].sentence


# Hostile text


def test_a_strangers_words_are_shown_as_text(tmp_path):
    name = "<script>alert(1)</script>\x1b[2J\u202e`x`" + "y" * 5000
    report = climb(write(tmp_path / "a", base_model_name_or_path=name), show=False)
    for page in (report.html(), report.text(), json.dumps(report.as_dict())):
        assert "\x1b" not in page and "\u202e" not in page and len(page) < 6000
    assert "<script>" not in report.html() and "&lt;script&gt;" in report.html()
    assert quote("a\nb\tc" + "z" * 100).count("\n") == 0 and len(quote("z" * 999)) <= 62
    assert [size(99), size(2_000), size(2_000_000_000)] == ["99 bytes", "2.0 kB", "2.0 GB"]


# The score and the sentences of rungs 4 and 5


def measured(valid=1.0, correct=1.0, ratio=1.0, runs_on=0.0, **fields):
    shares = {"intent": correct, "priority": correct, "product": correct} | fields
    triage = TriageScore(valid=valid, correct=correct, prompt_tokens=0, seconds=0, **shares)
    return Measured(triage, runs_on, perplexity=2 * ratio, base_perplexity=2.0)


def test_the_score_grows_from_the_bases_level_to_the_pass_mark():
    assert score(measured()) == score(measured(valid=0.98, correct=0.90, ratio=1.5)) == 1
    assert score(measured(valid=0.2, correct=0.1)) == 0
    assert score(measured(valid=0.59, correct=0.55)) == pytest.approx(0.5)
    assert score(measured(ratio=3.0)) == score(measured(ratio=1e9)) == pytest.approx(0.9)
    assert score(measured(valid=0.0, correct=0.0, ratio=1e9)) == 0
    steps = [score(measured(valid=x / 50, correct=x / 50)) for x in range(51)]
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (measured(valid=0.25, correct=0.1), "close to the bare model"),
        (measured(valid=0.7, correct=0.6), "more steps"),
        (measured(valid=0.05, correct=0.05, runs_on=0.9), "end-of-turn token"),
        (measured(valid=0.1, correct=0.1, ratio=50), "training diverged"),
        (measured(valid=1.0, correct=0.6, priority=0.62, intent=0.9, product=0.95), "Weakest is the priority (62 %"),
        (measured(valid=1.0, correct=0.6, product=0.62, intent=0.9, priority=0.95), "copy the name"),
        (measured(valid=0.97, correct=0.95), "a few more steps"),
    ],
)
def test_bad_behaviour_names_the_likely_mistake(found, words):
    rung = behaviour_rung(found)
    assert rung.state == FAILED and words in rung.sentence, rung.sentence


def test_good_behaviour_and_good_memory_pass():
    assert behaviour_rung(measured(valid=0.98, correct=0.9)).state == PASSED
    assert forgetting_rung(measured(ratio=1.4)).state == PASSED
    lost = forgetting_rung(measured(ratio=1.6))
    assert lost.state == FAILED and "learning rate was too high" in lost.sentence


# What is shown


def test_the_report_reads_as_text_as_html_and_as_plain_data():
    rungs = tuple(
        Rung(number, name, state, "Say `this`.")
        for number, (name, state) in enumerate(zip(NAMES, [PASSED, FAILED, *[NOT_REACHED] * 4], strict=True), 1)
    )
    report = Report("adapter", "bundled", rungs, 0.999, {"valid": 0.5}, "A note.")
    assert report.text().splitlines()[0] == "adapter: rung 2, configuration, failed · score 99.9 %"
    assert "✗ 2 Configuration failed" in report.text() and "`" not in report.text()
    page = report.html()
    assert page.count('<th scope="row">') == 6 and page.count('<th scope="col">') == 3 and "<caption>" in page
    assert "<code>this</code>" in page and 'data-jp-theme-light="false"' in page
    assert json.loads(json.dumps(report.as_dict()))["figures"] == {"valid": 0.5}
    assert repr(report).startswith("<Report adapter: rung 2")


def test_climbing_shows_the_table_outside_of_a_notebook(tmp_path, capsys):
    climb(tmp_path / "adapter")
    captured = capsys.readouterr()
    assert "✗ 1 Files" in captured.out and captured.err == ""
