"""Train a LoRA adapter with TRL's `SFTTrainer`, and save it so that it says which base it belongs to.

>>> base = load_base("bundled", four_bit=True)
>>> run = train_adapter(base, draw_tickets(2000, seed=1).map(prompt_completion), "runs/first", steps=120)
>>> save_adapter(run.model, base.tier, "adapter")
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, PeftModel
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer

from course.models import Base, Tier, compute_dtype, fingerprint

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import TrainerCallback


@dataclass(frozen=True)
class Run:
    """What a training run leaves behind: the model with its adapter, and the figures it logged."""

    model: PeftModel
    history: list[dict[str, float]]
    """The trainer's log: dictionaries with step, loss, learning_rate, eval_loss, …"""
    seconds: float


def lora(rank: int = 8, **changes: Any) -> LoraConfig:
    """Return the course's adapter: every linear layer, alpha = 2 × rank, dropout 0.05."""
    settings = {"lora_alpha": 2 * rank, "target_modules": "all-linear", "lora_dropout": 0.05, "task_type": "CAUSAL_LM"}
    return LoraConfig(r=rank, **settings | changes)


def precision() -> dict[str, bool]:
    """Return the trainer's precision for this machine: exactly one of bf16, fp16 and use_cpu is True."""
    dtype = compute_dtype()
    return {"bf16": dtype == torch.bfloat16, "fp16": dtype == torch.float16, "use_cpu": dtype == torch.float32}


def sft_config(output_dir: str | Path, steps: int, learning_rate: float = 2e-3, **changes: Any) -> SFTConfig:
    """Return the course's training settings: 16 tickets a step, a tenth of the steps to warm up, cosine decay.

    `changes` override any of `SFTConfig`'s fields; nothing is reported to outside services.
    """
    settings = {
        "max_steps": steps, "learning_rate": learning_rate, "warmup_steps": steps // 10, "lr_scheduler_type": "cosine",
        "per_device_train_batch_size": 16, "max_length": 512, "logging_steps": max(1, steps // 40),
        "save_strategy": "no", "report_to": "none", "disable_tqdm": True, "seed": 0,
        "activation_checkpointing": torch.cuda.is_available(), "dataloader_pin_memory": torch.cuda.is_available(),
    }  # fmt: skip
    return SFTConfig(output_dir=str(output_dir), **precision() | settings | changes)


def train_adapter(
    base: Base,
    dataset: "Dataset",
    output_dir: str | Path,
    steps: int = 120,
    rank: int = 8,
    learning_rate: float = 2e-3,
    callbacks: "list[TrainerCallback] | None" = None,
    dropout: float = 0.05,
    **changes: Any,
) -> Run:
    """Train a LoRA adapter on a base, which stays frozen, with prompt-completion data; return the run.

    `base.model` itself gets the adapter's layers: load it again for a fresh start. `changes` go to `sft_config`.
    """
    trainer = SFTTrainer(
        model=base.model,
        args=sft_config(output_dir, steps, learning_rate, **changes),
        train_dataset=dataset,
        processing_class=base.tokenizer,
        peft_config=lora(rank, lora_dropout=dropout),
        callbacks=callbacks,
    )
    for parameter in trainer.model.parameters():  # TRL makes them bfloat16, which float16's loss scaling cannot handle
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    trainer.remove_callback(PrinterCallback)  # the history holds the figures; `callbacks` may draw them
    outcome = trainer.train()
    return Run(trainer.model.eval(), trainer.state.log_history, outcome.metrics["train_runtime"])


def save_adapter(model: PeftModel, tier: Tier, folder: str | Path) -> Path:
    """Save an adapter with PEFT, naming its base by tier and fingerprint instead of a path on this machine."""
    name_base(model, tier)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    return Path(folder)


def name_base(model: PeftModel, tier: Tier) -> LoraConfig:
    """Name an adapter's base in its configuration as every machine can find it; return the configuration."""
    config = model.peft_config["default"]
    config.base_model_name_or_path = tier.name if tier.name == "bundled" else tier.model_id
    config.revision = fingerprint(tier) if tier.name == "bundled" else None
    return config
