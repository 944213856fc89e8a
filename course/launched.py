"""Train as `train_adapter` does, in several processes: a script for `accelerate launch`.

    accelerate launch --multi_gpu --num_processes 2 -m course.launched --output adapter
    accelerate launch --config_file course/fsdp_qlora.yaml -m course.launched --tier t4-large --output adapter

On a machine without GPUs the first command starts two CPU processes that talk by gloo, its option's name
notwithstanding; `--cpu --num_processes 2` starts only one, unless an MPI is set up.

The batch that the optimizer sees stays what it is: `--batch` rows a step, shared out evenly among the processes. Only
the main process saves, so there is one adapter.

The second command splits the base among GPUs by FSDP: while it trains, not while it loads, since `load_base` puts the
whole base on every GPU first. All processes then gather the adapter, and the main one writes it. Nobody has run the
command here; a test gathers and saves in two CPU processes.
"""

import argparse
import json
from pathlib import Path

from course.start import quiet

quiet()  # before the libraries that it quiets are imported

import torch  # noqa: E402
from accelerate import PartialState  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch.distributed.fsdp import FullyShardedDataParallel as Shared  # noqa: E402

from course.data import draw_tickets, prompt_completion  # noqa: E402
from course.models import TIERS, Tier, load_base  # noqa: E402
from course.training import name_base, save_adapter, train_adapter  # noqa: E402

HISTORY = "history.json"


def main(arguments: list[str] | None = None) -> None:
    """Train, save the adapter once, and beside it what was logged."""
    options = _parser().parse_args(arguments)
    state = PartialState(cpu=options.tier == "bundled")
    rows = share(options.batch, state.num_processes)
    base = load_base(options.tier, four_bit=True)
    run = train_adapter(
        base,
        draw_tickets(options.examples, seed=options.seed).map(prompt_completion),
        options.output.with_name(f"{options.output.name}-run"),
        steps=options.steps,
        rank=options.rank,
        learning_rate=options.learning_rate,
        dropout=options.dropout,
        per_device_train_batch_size=rows,
        logging_steps=1,
        ddp_find_unused_parameters=False if state.num_processes > 1 else None,
    )
    if isinstance(run.model, Shared):
        save_shared(run.model, base.tier, options.output, state.is_main_process)
    elif state.is_main_process:
        save_adapter(run.model, base.tier, options.output)
    if state.is_main_process:
        found = {"processes": state.num_processes, "rows_a_process": rows, "history": run.history}
        (options.output / HISTORY).write_text(json.dumps(found, indent=1))
        print(f"{options.output}: {options.steps} steps of {rows} rows in each of {state.num_processes} processes.")
    state.wait_for_everyone()
    state.destroy_process_group()


def share(batch: int, processes: int) -> int:
    """Return each process's rows of a batch. Raises ValueError when they cannot be equally many."""
    if batch % processes:
        raise ValueError(f"A batch of {batch} rows cannot be shared evenly by {processes} processes: change --batch.")
    return batch // processes


def save_shared(model: Shared, tier: Tier, folder: Path, is_main: bool) -> None:
    """Save an adapter that is shared out among processes: all of them must call this, and the main one writes.

    Of each layer only the adapter is gathered, never the base. Raises RuntimeError when the adapter's matrices are not
    wrapped apart from the base, as PEFT's wrapping policy does.
    """
    weights: dict[str, torch.Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, Shared) and ".lora_" in name:
            with Shared.summon_full_params(module, writeback=False):
                plain = name.replace("_fsdp_wrapped_module.", "").removesuffix(".default")
                weights[f"{plain}.weight"] = module.weight.detach().cpu().clone()
    if not weights:
        raise RuntimeError("No matrix of the adapter is wrapped apart from the base: use TRANSFORMER_BASED_WRAP.")
    if is_main:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        name_base(model, tier).save_pretrained(str(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course.launched", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tier", choices=TIERS, default="bundled", help="base model (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("adapter"), help="folder to save in (default: %(default)s)")
    for name, kind, default, words in (
        ("steps", int, 120, "optimizer steps"),
        ("batch", int, 16, "rows that all processes together take a step"),
        ("examples", int, 2_000, "tickets to train on"),
        ("rank", int, 8, "rank of the adapter"),
        ("learning-rate", float, 2e-3, "largest learning rate"),
        ("dropout", float, 0.05, "dropout of the adapter"),
        ("seed", int, 1, "seed of the tickets"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{words} (default: %(default)s)")
    return parser


if __name__ == "__main__":
    main()
