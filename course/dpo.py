"""Train on preference pairs with TRL's `DPOTrainer`: the settings, and a run's figures by step.

>>> trainer = DPOTrainer(model, args=dpo_config("runs/dpo", steps=60, beta=0.3), train_dataset=pairs, ...)
>>> trainer.train()
>>> logged(trainer.state.log_history, "logps/chosen")
([0, 10, 20, …], [-8.3, -8.2, -9.0, …])
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trl import DPOConfig

from course.training import sft_config

SHARED = (
    "max_steps", "warmup_steps", "lr_scheduler_type", "max_length", "save_strategy", "report_to", "disable_tqdm",
    "seed", "activation_checkpointing", "dataloader_pin_memory", "bf16", "fp16", "use_cpu",
)  # fmt: skip


def dpo_config(
    output_dir: str | Path, steps: int, learning_rate: float = 7e-4, beta: float = 0.1, **changes: Any
) -> DPOConfig:
    """Return the course's settings for DPO: those of `sft_config`, 8 pairs a step, and an evaluation before the first.

    `changes` override any of `DPOConfig`'s fields.
    """
    like_sft = sft_config(output_dir, steps)
    settings = {name: getattr(like_sft, name) for name in SHARED} | {
        "learning_rate": learning_rate, "beta": beta, "per_device_train_batch_size": 8,
        "per_device_eval_batch_size": 32, "logging_steps": max(1, steps // 12), "eval_strategy": "steps",
        "eval_steps": max(1, steps // 6), "eval_on_start": True, "prediction_loss_only": True,
    }  # fmt: skip
    return DPOConfig(output_dir=str(output_dir), **settings | changes)


def logged(history: Sequence[Mapping[str, float]], figure: str) -> tuple[list[int], list[float]]:
    """Return the steps and values of one figure, such as `rewards/margins`, on the evaluation pairs."""
    found = [(int(entry["step"]), entry[f"eval_{figure}"]) for entry in history if f"eval_{figure}" in entry]
    return [step for step, _ in found], [value for _, value in found]
