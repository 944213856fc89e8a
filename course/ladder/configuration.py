"""Rung 2, configuration: a LoRA of plain kind, on a base that the course knows, within bounds.

    >>> check_configuration(files.config)
    Declared(tier=Tier(name='bundled', …), rank=8, alpha=16.0, rslora=False, modules={'model.layers.0.…': …})

Nothing of the file is passed on as it is: `Declared.lora_config()` builds a new configuration from the checked values.
"""

import dataclasses
import math
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from course.ladder.report import Fault, quote
from course.models import TIERS, Tier, fingerprint, reaching, without_bars

if TYPE_CHECKING:
    from peft import LoraConfig

MAX_RANK = 64
KEEPS_BASE = (True, False, "gaussian", "orthogonal")
"""Ways to initialize a LoRA that leave the base's weights as they are."""
OFF = (None, False, "none", [], {}, "")
HARMLESS = {
    "inference_mode", "lora_dropout", "megatron_core", "peft_version", "qalora_group_size", "layers_pattern",
    "ensure_weight_tying",
}  # fmt: skip
CHECKED = {
    "base_model_name_or_path", "init_lora_weights", "lora_alpha", "peft_type", "r", "revision", "target_modules",
    "task_type", "use_rslora",
}  # fmt: skip
WHY = {
    "bias": 'biases are trained beside the adapter. Leave `bias="none"`',
    "modules_to_save": "whole layers are trained beside the adapter. Leave `modules_to_save` out",
    "rank_pattern": "layers have ranks of their own. Give all layers the one rank `r`",
    "alpha_pattern": "layers have alphas of their own. Give all layers the one `lora_alpha`",
    "use_dora": "this is a DoRA, and plain LoRA is asked for. Leave `use_dora` out",
    "auto_mapping": "it names a model class to import, and no code is loaded from an adapter. Leave `auto_mapping` out",
    "trainable_token_indices": "token embeddings are trained beside the adapter. Leave `trainable_token_indices` out",
    "layer_replication": "it changes the base's layers. Leave `layer_replication` out",
    "layers_to_transform": "only some layers are adapted. Leave `layers_to_transform` out",
    "exclude_modules": "some modules are excluded. Name those you want in `target_modules`",
    "target_parameters": "it adapts single parameters. Name linear layers in `target_modules`",
    "lora_bias": "B has a bias. Leave `lora_bias` out",
}


@dataclass(frozen=True)
class Declared:
    """What an adapter says it is, as far as it is allowed to."""

    tier: Tier
    rank: int
    alpha: float
    rslora: bool
    modules: dict[str, tuple[int, int]]
    """The linear layers it adapts: full name → (d_out, d_in)."""

    @property
    def scaling(self) -> float:
        """Return what B A is multiplied by: α/r, or α/√r for rsLoRA (arXiv 2312.03732)."""
        return self.alpha / (math.sqrt(self.rank) if self.rslora else self.rank)

    def lora_config(self) -> "LoraConfig":
        """Return a fresh PEFT configuration for loading the adapter."""
        from peft import LoraConfig

        return LoraConfig(
            r=self.rank, lora_alpha=self.alpha, use_rslora=self.rslora, target_modules=sorted(self.modules),
            task_type="CAUSAL_LM", inference_mode=True,
        )  # fmt: skip


def check_configuration(config: dict, expected: Tier | None = None) -> Declared:
    """Return what the configuration declares; raise Fault, with what to do, for the first thing out of bounds."""
    if config.get("peft_type") != "LORA":
        found = quote(config.get("peft_type"))
        raise Fault(f"This is an adapter of type {found}; LoRA is asked for. Train with `peft_config=lora()`.")
    if config.get("task_type") not in (None, "CAUSAL_LM"):
        found = quote(config["task_type"])
        raise Fault(f"The adapter is for the task {found}. Train with `task_type` set to `CAUSAL_LM`.")
    tier = find_tier(config.get("base_model_name_or_path"), config.get("revision"), expected)
    _check_switches(config)
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if type(rank) is not int or not 1 <= rank <= MAX_RANK:
        raise Fault(f"The rank `r` is {quote(rank)}. Choose a whole number from 1 to {MAX_RANK} and train again.")
    if type(alpha) not in (int, float) or not 0 < alpha <= 1e6:
        raise Fault(f"`lora_alpha` is {quote(alpha)}. Choose a number above 0, such as 2 × the rank, and train again.")
    modules = find_modules(config.get("target_modules"), linear_layers(tier), tier)
    return Declared(tier, rank, float(alpha), config.get("use_rslora") is True, modules)


def find_tier(name: object, revision: object, expected: Tier | None = None) -> Tier:
    """Return the tier of the base that an adapter names. Raises Fault, naming both, when it is another base."""
    path = name.replace("\\", "/").rstrip("/") if isinstance(name, str) else ""
    tier = next((tier for tier in TIERS.values() if path == tier.model_id and tier.name != "bundled"), None)
    if path == "bundled" or path.endswith("course/bundled"):
        tier = TIERS["bundled"]
    wanted = [expected] if expected else list(TIERS.values())
    if tier not in wanted:
        names = " or ".join(quote(one.name if one.name == "bundled" else one.model_id) for one in wanted)
        raise Fault(f"The adapter was trained on {quote(name)}, and the base here is {names}. Train it on that base.")
    if tier.name == "bundled" and revision not in (None, fingerprint(tier)):
        raise Fault(
            f"The adapter was trained on another version of the bundled model ({quote(revision)}; the one here is "
            f"`{fingerprint(tier)}`). Update the course and train again."
        )
    if tier.name != "bundled" and revision not in (None, "main"):
        raise Fault(f"The adapter was trained on revision {quote(revision)} of {quote(name)}. Train it on `main`.")
    return tier


def _check_switches(config: dict) -> None:
    """Refuse whatever else is switched on; what a newer PEFT adds may be there as long as it is off."""
    start = config.get("init_lora_weights", True)
    if not isinstance(start, bool | str) or start not in KEEPS_BASE:
        raise Fault(
            f"`init_lora_weights` is {quote(start)}, which changes the base's own weights before training, so the "
            "adapter does not fit the base here. Leave it at its default and train again."
        )
    if config.get("use_rslora") not in (None, False, True):
        raise Fault(f"`use_rslora` is {quote(config['use_rslora'])}. It is `true` or `false`; save the adapter again.")
    for key, value in config.items():
        if key in CHECKED | HARMLESS or value in OFF or (key in _defaults() and value == _defaults()[key]):
            continue
        why = WHY.get(key, "only plain LoRA and rsLoRA are graded. Leave it out")
        raise Fault(f"The configuration sets {quote(key)} to {quote(value)}: {why} and train again.")


@cache
def _defaults() -> dict:
    """Return the installed PEFT's own defaults."""
    from peft import LoraConfig

    return {one.name: one.default for one in dataclasses.fields(LoraConfig) if one.default is not dataclasses.MISSING}


@cache
def linear_layers(tier: Tier) -> dict[str, tuple[int, int]]:
    """Return what `"all-linear"` adapts in a tier's base: name → (d_out, d_in); only its configuration is loaded."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with reaching(tier), without_bars(), torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(tier.model_id))
    head = model.get_output_embeddings()
    return {
        name: tuple(module.weight.shape)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    }


def find_modules(targets: object, layers: dict[str, tuple[int, int]], tier: Tier) -> dict[str, tuple[int, int]]:
    """Return the linear layers that `target_modules` names, by whole name or by its end, as PEFT matches a list."""
    if targets == "all-linear":
        return dict(layers)
    if isinstance(targets, str):
        raise Fault('`target_modules` is a pattern. Use "all-linear" or a list of layer names, and train again.')
    if not isinstance(targets, list) or not targets or not all(isinstance(one, str) for one in targets):
        raise Fault('`target_modules` names no layers. Use "all-linear" or a list of layer names, and train again.')
    endings: dict[str, list[str]] = {}
    for name in layers:
        parts = name.split(".")
        for first in range(len(parts)):
            endings.setdefault(".".join(parts[first:]), []).append(name)
    unknown = [one for one in targets if one not in endings]
    if unknown:
        kinds = ", ".join(sorted({name.rsplit(".", 1)[-1] for name in layers}))
        raise Fault(
            f"`target_modules` names {quote(unknown[0])}, which is not one of the {tier.name} model's linear layers "
            f'({kinds}). Use "all-linear" and train again.'
        )
    return {name: layers[name] for target in targets for name in endings[target]}
