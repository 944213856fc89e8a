# %% [markdown]
# # Lesson 6 · Train a QLoRA adapter
#
# **Where lesson 5 left you.** You can squeeze a base model into 4 bits, and you know why an adapter can learn on top
# of weights that never move. But nothing has learned yet. The 4-bit base sorts Juniper's tickets exactly as badly as
# before. Today it learns.
#
# **After this lesson you can**
#
# 1. choose precision, batch and warm-up for the machine in front of you, and say what each of them costs;
# 2. train a QLoRA adapter with TRL's `SFTTrainer`, watch it, and save it;
# 3. bring an interrupted run back, bit for bit, and say why the adapter alone is not enough for that;
# 4. read a pair of loss curves and decide: stop, go on, or go back.
#
# **Time and hardware.** About 90 minutes of yours. The machine works for about 3 of them on two CPU cores, with no
# GPU (the last cell says how long yours took). In Colab, on a free T4, the same cells train a much larger model; plan
# a quarter of an hour of computing for it (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# Juniper wants one JSON object for each ticket: intent, priority, product. Nothing else, every time.
#
# The base model has read thousands of tickets. Ask it for the triage of one ticket, four times, and look.

# %% tags=["skip-execution"]
import time

from course.data import draw_tickets, triage_messages
from course.models import generate, load_base

started = time.perf_counter()
base = load_base(tier, four_bit=True)
ticket = draw_tickets(1, seed=61)[0]
print("Ticket: ", ticket["text"])
print("Wanted: ", {field: ticket[field] for field in ("intent", "priority", "product")}, "\n")
for answer in generate(base.model, base.tokenizer, [triage_messages(ticket["text"])] * 4, seed=1):
    print("Answer: ", " ".join(answer.split()))

# %% [markdown]
# It understands the ticket. It cannot settle on a format.
#
# Four answers are an anecdote. So measure: 200 tickets that nobody has seen, the ticket alone as prompt, sampled as a
# user would meet it (temperature 1). You will measure your adapter the same way, so this is the number to beat.

# %% tags=["skip-execution"]
from course.evaluation import measure_triage

fresh = draw_tickets(200, seed=62)
before = measure_triage(base.model, base.tokenizer, fresh)
print(f"Base model: {before.valid:.0%} of the answers are valid, {before.correct:.0%} have all three fields right.")

# %% [markdown]
# Between this number and a good one lies one training run. A run is a dozen decisions, and most of them are not about
# learning at all. They are about your machine:
#
# | you decide | because | section |
# |---|---|---|
# | precision | not every chip can compute in every number format | 1 |
# | batch, accumulation, steps, warm-up | memory is small, and the first steps are wild | 2 |
# | what to keep in memory | activations, not weights, fill it during training | 3 |
# | when to save, how to resume | Colab *will* disconnect | 4 |
# | when to stop | the loss tells you, if you can read it | 5 |
#
# Then you train (6), measure (7) and hand in (8).

# %% [markdown]
# ## 1 · Precision: which numbers can your chip compute with?
#
# A floating-point number has two parts. The *exponent* says how large it can get. The *fraction* says how finely it
# can tell two neighbours apart. Three formats matter for training. Each line below is one number, bit by bit:
#
# ```text
# float32   s eeeeeeee fffffffffffffffffffffff     the safe one: 4 bytes
# bfloat16  s eeeeeeee fffffff                     as wide as float32, but coarse: 2 bytes
# float16   s eeeee ffffffffff                     finer, but it ends early: 2 bytes
# ```
#
# Two bytes are half the memory traffic of four, and on a GPU several times the speed. The question is what you lose.

# %% tags=["skip-execution"]
# @title Quick check
from course import Choice, Question, quick_check

quick_check(
    "During training a gradient of 0.00000001 (1e-8) is stored in float16. What is left of it?",
    Choice(
        "A rounded value, close to 1e-8",
        "The smallest positive float16 is 2⁻²⁴, about 6e-8: nothing lies between it and 0.",
    ),
    Choice("Infinity", "That is what happens at the other end: values too large become infinite."),
    Choice(
        "Nothing: it becomes 0",
        "Yes. It is below the smallest float16, so the weight behind it stops learning.",
        correct=True,
    ),
)

# %% [markdown]
# Now look at what each format does to three numbers that occur in training.

# %% tags=["skip-execution"]
import torch

print(f"{'':18}{'a gradient: 1e-8':>20}{'a sum: 70,000':>18}{'a weight: 1 + 0.002':>24}")
for dtype in (torch.float32, torch.bfloat16, torch.float16):
    stored = [torch.tensor(value, dtype=torch.float32).to(dtype).item() for value in (1e-8, 70_000.0, 1.002)]
    print(f"{str(dtype):18}{stored[0]:>20.3g}{stored[1]:>18,.0f}{stored[2]:>24.4f}")

# %% [markdown]
# float16 lost the gradient and overflowed on the sum. bfloat16 kept both, but it cannot tell 1.002 from 1: its steps
# near 1 are too coarse.
#
# So: **bfloat16 where the chip has it.** It never overflows where float32 would not. Where the chip lacks it, use
# float16 with *loss scaling*: the trainer multiplies the loss by a large number before the backward pass and divides
# the gradients afterwards, in float32, so that the small ones survive the trip.
#
# Which chips have bfloat16? NVIDIA gives each GPU a *compute capability*, a pair (major, minor). bfloat16 came with
# 8.0.
#
# | GPU | compute capability | use |
# |---|---|---|
# | none | | the CPU, in float32 |
# | T4 (free on Colab) | (7, 5) | float16 |
# | A100 | (8, 0) | bfloat16 |
# | L4 | (8, 9) | bfloat16 |
# | H100 | (9, 0) | bfloat16 |
#
# (Capabilities: [developer.nvidia.com/cuda-gpus](https://developer.nvidia.com/cuda-gpus).)
#
# If you do not choose, TRL chooses bfloat16 for you. Here is what a settings object says when you leave everything to
# it.

# %% tags=["skip-execution"]
from trl import SFTConfig

try:
    SFTConfig()
    print("This machine has bfloat16: the default works here.")
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# On a machine without a GPU, and on a T4, that default stops before the first step. So you say it yourself.
#
# ### Exercise · Pick the precision
#
# Write `pick_precision(capability)`.
#
# - **Input:** `capability`, a tuple `(major, minor)` of ints such as `(7, 5)`, or `None` when there is no GPU.
# - **Output:** a dict with exactly the keys `"bf16"`, `"fp16"` and `"use_cpu"`. Exactly one value is `True`, the
#   others are `False`: `use_cpu` without a GPU, `bf16` from capability 8.0 on, else `fp16`.
#
# The result goes straight into `SFTConfig(**pick_precision(capability))`.
#
# <details><summary>Hint 1</summary>
#
# Handle `None` first. After that, `capability` is always a tuple.
# </details>
# <details><summary>Hint 2</summary>
#
# Python compares tuples from left to right: `(8, 6) >= (8, 0)` is `True`, and so is `(9, 0) >= (8, 0)`.
# </details>
# <details><summary>Hint 3</summary>
#
# Compute two booleans, `gpu` and `modern`, and build the dict from them: `{"bf16": modern, "fp16": gpu and not
# modern, ...}`.
# </details>


# %% pick_precision
def pick_precision(capability):
    """The trainer's precision flags for a GPU of this compute capability, or for a machine without a GPU (None)."""
    ### BEGIN SOLUTION
    gpu = capability is not None
    modern = gpu and capability >= (8, 0)
    return {"bf16": modern, "fp16": gpu and not modern, "use_cpu": not gpu}
    ### END SOLUTION


# %% test_pick_precision points=2
cpu, t4, a100 = pick_precision(None), pick_precision((7, 5)), pick_precision((8, 0))
assert set(cpu) == {"bf16", "fp16", "use_cpu"}, (
    "Return all three keys, every time: a key that you leave out falls back to the trainer's default, which is bfloat16."
)
assert cpu["use_cpu"], "Without a GPU, use_cpu must be True: otherwise the trainer looks for a GPU and stops."
assert cpu == {"bf16": False, "fp16": False, "use_cpu": True}, "Without a GPU only use_cpu is True."
assert t4 == {"bf16": False, "fp16": True, "use_cpu": False}, "A T4 has capability 7.5: no bfloat16, so float16."
assert a100 == {"bf16": True, "fp16": False, "use_cpu": False}, "bfloat16 starts *at* 8.0, so an A100 has it: use >=."
### BEGIN HIDDEN TESTS
for capability in [(8, 6), (8, 9), (9, 0), (10, 0), (10, 3), (12, 0), (12, 1)]:
    assert pick_precision(capability) == {"bf16": True, "fp16": False, "use_cpu": False}, (
        f"Capability {capability} is above 8.0, so it has bfloat16: compare major first, then minor."
    )
for capability in [(6, 0), (6, 1), (7, 0), (7, 2)]:
    assert pick_precision(capability) == {"bf16": False, "fp16": True, "use_cpu": False}, (
        f"Capability {capability} is below 8.0: it is a GPU, but one without bfloat16."
    )
### END HIDDEN TESTS

# %% [markdown]
# Your function decides for this machine now, and for every other one that opens this notebook.

# %% tags=["skip-execution"]
capability = torch.cuda.get_device_capability() if torch.cuda.is_available() else None
print(f"Capability {capability}:", pick_precision(capability))

# %% [markdown]
# ## 2 · Batch, steps and warm-up
#
# The model learns from a few tickets at a time, a *batch*. For each batch it predicts, compares and computes a
# *gradient*: for every adapter weight, the direction that would lower the loss. Then the *optimizer* moves the
# weights a little. One such move is an **optimizer step**.
#
# A large batch gives a steadier direction. It also needs more memory. *Accumulation* buys you the first without the
# second: run several small batches, add up their gradients, and move once.

# %% tags=["skip-execution"]
from course.figures import COLOURS, figure, label_bars, label_line, show
from course.explorers.schedule import explore_schedule
from course.pictures.training import draw_batches, draw_step

_ = show(*draw_batches(batch=4, accumulation=4))

# %% [markdown]
# What counts for learning is the **effective batch**:
#
# > effective batch = batch × accumulation
#
# In the picture it is 4 × 4 = 16. Only 4 tickets are ever in memory together.
#
# ### Warm-up
#
# The *learning rate* says how far one step moves. The first steps are special. The optimizer, AdamW, divides each
# gradient by a running average of its size, and at the start that average knows almost nothing. So you start with
# tiny steps and let the rate grow for a while: **warm-up**. After that the rate falls along a cosine, so that the
# last steps are fine corrections.
#
# Older tutorials write `warmup_ratio=0.1`. That setting is gone:

# %% tags=["skip-execution"]
try:
    SFTConfig(warmup_ratio=0.1, use_cpu=True)
except TypeError as error:
    print("TypeError:", error)

# %% [markdown]
# Now you give `warmup_steps`, as a number of optimizer steps. So you have to know how many steps the run will have.
# First, guess:

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "You have 100 tickets, batch 16, no accumulation, 3 epochs (rounds of the data). How many optimizer steps is that?",
    Choice("18", "That is 6 a round: the 4 tickets left over each time still make a batch, a small one."),
    Choice(
        "19", "300 tickets divided by 16, rounded up. But a batch never reaches into the next epoch: count per epoch."
    ),
    Choice("21", "Yes. 6 full batches and a batch of 4 make 7 steps, three times.", correct=True),
    Choice("300", "That would be a step for each ticket, a batch of 1."),
)

# %% [markdown]
# Play with it. Find settings in which each step learns from 16 tickets but only 2 are in memory. Then find some that
# leave fewer than 30 steps, and look at how little time the learning rate has.

# %% tags=["skip-execution"]
explore_schedule()

# %% [markdown]
# ### Exercise · Plan the schedule
#
# Write `schedule(examples, batch, accumulation, epochs, warmup_fraction)`.
#
# - **Input:** four positive ints, and a float between 0 and 1, the share of all steps that warm up.
# - **Output:** a tuple of two ints: optimizer steps, and warm-up steps.
# - In each epoch the last batch may be partial, and the last accumulation may be partial. Either way they end in a
#   step.
# - Warm-up is rounded up: `math.ceil(steps * warmup_fraction)`.
#
# <details><summary>Hint 1</summary>
#
# Go in three small moves: batches in an epoch, steps in an epoch, steps in all. Round up at the first two.
# </details>
# <details><summary>Hint 2</summary>
#
# `math.ceil(1000 / 16)` is 63: 62 full batches and one of 8 tickets.
# </details>
# <details><summary>Hint 3</summary>
#
# Round up *before* you multiply with the epochs. Each epoch ends with its own partial batch.
# </details>

# %%
import math


# %% schedule
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    """Optimizer steps of a run, and how many of them warm up."""
    ### BEGIN SOLUTION
    batches = math.ceil(examples / batch)
    steps = math.ceil(batches / accumulation) * epochs
    return steps, math.ceil(steps * warmup_fraction)
    ### END SOLUTION


# %% test_schedule points=3
assert tuple(schedule(64, 16, 1, 1, 0.0)) == (4, 0), (
    "64 tickets in batches of 16 are 4 steps; a fraction of 0 warms up 0."
)
assert tuple(schedule(64, 4, 4, 1, 0.0)) == (4, 0), "Accumulation: 4 batches of 4 make one step, so 64 tickets make 4."
assert tuple(schedule(1000, 16, 1, 1, 0.0)) == (63, 0), (
    "1000 / 16 = 62.5: the last 8 tickets are a batch too, so round up."
)
assert tuple(schedule(100, 16, 1, 3, 0.0)) == (21, 0), (
    "Every epoch ends with its own partial batch: round up inside the epoch, then multiply with the epochs."
)
assert tuple(schedule(1000, 16, 1, 2, 0.25)) == (126, 32), "Warm-up is 126 × 0.25 = 31.5 steps, rounded up to 32."
### BEGIN HIDDEN TESTS
import math
import random

assert tuple(schedule(5, 16, 4, 2, 0.5)) == (2, 1), "Fewer tickets than a batch still make one step in each epoch."
assert tuple(schedule(90, 8, 4, 1, 0.0)) == (3, 0), "12 batches of 8, 4 to a step, make 3 steps."
assert tuple(schedule(97, 8, 4, 5, 0.125)) == (20, 3), (
    "13 batches, 4 to a step: 4 steps an epoch, the last one partial."
)
assert tuple(schedule(320, 8, 2, 1, 1.0)) == (20, 20), "A fraction of 1 warms up in every step."
draw = random.Random(6)
for _ in range(40):
    examples, batch, accumulation, epochs = (
        draw.randint(1, 400),
        draw.randint(1, 40),
        draw.randint(1, 9),
        draw.randint(1, 4),
    )
    fraction = draw.choice([0.0, 0.125, 0.25, 0.375, 0.5])  # exact in binary: no coin toss in the rounding
    steps = 0
    for _ in range(epochs):
        batches = len(range(0, examples, batch))
        steps += len(range(0, batches, accumulation))
    found = schedule(examples, batch, accumulation, epochs, fraction)
    named = f"examples={examples}, batch={batch}, accumulation={accumulation}, epochs={epochs}"
    assert found[0] == steps, f"{named}: {steps} steps. Do partial batches and partial accumulations count, each epoch?"
    assert found[1] == math.ceil(steps * fraction), f"Warm-up is a share of all {steps} steps, rounded up."
    assert type(found[0]) is int and type(found[1]) is int, "Steps are whole numbers: return ints, not floats."
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · What fills the memory, and how to pay with time
#
# In lesson 5 you counted weights, gradients and optimizer states. One more thing lives in memory while a model trains.
#
# The backward pass needs the values that the forward pass computed on its way: the output of every layer, for every
# token. These are the **activations**. They grow with the batch and the length of the texts, and they do not shrink
# when you quantize the weights.
#
# You have two ways to keep fewer. Smaller batches with accumulation are one. The other is **gradient checkpointing**
# (newer libraries call it *activation checkpointing*): keep only what enters each layer, throw the rest away, and
# compute it again when the backward pass gets there ([Chen et al. 2016](https://arxiv.org/abs/1604.06174)).

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "You switch gradient checkpointing on. What changes?",
    Choice(
        "Less memory, more time",
        "Yes. Each layer's forward pass runs a second time, inside the backward pass.",
        correct=True,
    ),
    Choice(
        "Less memory, slightly different gradients",
        "The same values are computed again, so the gradients stay the same.",
    ),
    Choice(
        "The adapter is saved to disk more often",
        "That is another kind of checkpoint, with an unlucky twin name. It comes next.",
    ),
)

# %% [markdown]
# Now count. The cell lets 16 tickets pass forward and backward, in three ways. A hook counts every byte that PyTorch
# keeps for the backward pass.

# %% tags=["skip-execution"]
from peft import LoraConfig, get_peft_model

probe = get_peft_model(base.model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM")).train()
texts = draw_tickets(16, seed=63)["text"]
weights = {parameter.untyped_storage().data_ptr() for parameter in probe.parameters()}
kept = {}


def keep(tensor):
    """Note what PyTorch is about to keep for the backward pass (the weights are there anyway)."""
    storage = tensor.untyped_storage()
    if storage.data_ptr() not in weights:
        kept[storage.data_ptr()] = storage.nbytes()
    return tensor


def one_step(batch):
    """Pass 16 tickets forward and backward in batches; return the most megabytes kept at a time, and seconds."""
    most, begin = 0, time.perf_counter()
    for first in range(0, 16, batch):
        kept.clear()
        inputs = base.tokenizer(texts[first : first + batch], return_tensors="pt", padding=True).to(probe.device)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = probe(**inputs, labels=inputs["input_ids"], use_cache=False).loss
        most = max(most, sum(kept.values()))
        loss.backward()
    return most / 1e6, time.perf_counter() - begin


costs = {}
for name, batch, checkpointing in [
    ("16 at once", 16, False),
    ("4 × 4, accumulated", 4, False),
    ("16, checkpointing", 16, True),
]:
    if checkpointing:
        base.model.activation_checkpointing_enable()
    measured = [one_step(batch) for _ in range(6)][1:]  # the first one only warms up
    costs[name] = [min(values) for values in zip(*measured, strict=True)]  # the least disturbed one
base.model.activation_checkpointing_disable()
probe.unload()  # takes the adapter off again, so the base is as it was

fig, axes = figure("Both keep less; only checkpointing computes more", columns=2, size=(8.0, 2.6), grid="")
units = ("activations kept (MB)", "time of a step (s)")
for ax, unit, values in zip(axes, units, zip(*costs.values(), strict=True), strict=True):
    ax.barh(list(costs), values, color=[COLOURS["base"], COLOURS["rag"], COLOURS["tuned"]])
    for place, value in enumerate(values):
        ax.text(value, place, f" {value:.3g}", va="center", fontweight="bold")
    ax.set(xlabel=unit, xlim=(0, max(values) * 1.3))
    ax.locator_params(axis="x", nbins=4)
    ax.invert_yaxis()
axes[1].set_yticklabels([])
alt = "; ".join(f"{name}: {megabytes:.3g} MB and {seconds:.3g} s" for name, (megabytes, seconds) in costs.items())
_ = show(fig, alt=f"Activations kept and time of a step. {alt}.")

# %% [markdown]
# Both tricks cut what is kept. Accumulation leaves the work the same and splits it. Checkpointing adds a second
# forward pass. (The library's own rule of thumb, in the help text of the setting, is about 20 % more time. Compare
# with yours.)
#
# The rule: **fill the memory you have with the batch, reach the effective batch with accumulation, and turn
# checkpointing on only if a batch of 1 does not fit otherwise.** TRL turns it on by default. This course turns it off
# on a CPU, where memory is plenty and time is short, and leaves it on for a GPU.

# %% [markdown]
# ## 4 · Checkpoints: when Colab disconnects
#
# A free Colab session ends when you close the lid for long enough, when Google needs the machine, and after 12 hours
# at the latest ([Colab's FAQ](https://research.google.com/colaboratory/faq.html)). Everything on its disk is gone.
#
# So the trainer writes **checkpoints** while it runs, and you let it write them to a disk that stays: your Google
# Drive, which the first cell has connected if you allowed it. Elsewhere your own disk will do.

# %% tags=["skip-execution"]
from pathlib import Path

from course.state import DRIVE

runs = (DRIVE / "finetuning-course" if DRIVE.is_dir() else Path(".")) / "lesson06_runs"
print("Checkpoints go to", runs)

# %% [markdown]
# ### One function that sets up a run
#
# This is what every step of the run will do:

# %% tags=["skip-execution"]
_ = show(*draw_step())

# %% [markdown]
# And here is how you ask for it, with the real objects of the field, in one place. Read it slowly. Every line is a
# decision from the sections above or from lessons 3 to 5.
#
# - `load_base(..., four_bit=True)` calls transformers with a `BitsAndBytesConfig`: NF4, double quantization (lesson
#   5);
# - `LoraConfig` is PEFT's: which layers get an adapter, and of which rank (lesson 4);
# - `SFTConfig` and `SFTTrainer` are TRL's: the settings of the run, and the loop that runs it.

# %% tags=["skip-execution"]
import gc

from peft import PeftModel
from transformers import set_seed
from trl import SFTTrainer

from course.data import prompt_completion
from course.live import watch

SETTINGS = {  # by tier: what fits the machine, and what this model needs
    "bundled": dict(tickets=1_000, batch=16, accumulation=1, epochs=2, learning_rate=2e-3, rank=8),
    "t4": dict(tickets=1_000, batch=4, accumulation=4, epochs=1, learning_rate=2e-4, rank=16),
    "t4-large": dict(tickets=1_000, batch=2, accumulation=8, epochs=1, learning_rate=2e-4, rank=16),
}
chosen = SETTINGS[tier.name]
train = draw_tickets(chosen["tickets"], seed=64).map(prompt_completion)  # the ticket, then the JSON (lesson 3)
validation = draw_tickets(100, seed=65).map(prompt_completion)


def new_trainer(folder, steps, warmup, adapter=None, tickets=train, title="", **changes):
    """Set up a run on a fresh 4-bit base, with a new adapter or a saved one; `changes` go to SFTConfig."""
    gc.collect()  # let go of earlier models first: a T4 has room for one of 7 billion weights
    torch.cuda.empty_cache()
    set_seed(0)  # the adapter's A starts random: same seed, same start
    base = load_base(tier, four_bit=True)  # NF4 with double quantization, frozen (lesson 5)
    model = PeftModel.from_pretrained(base.model, adapter, is_trainable=True) if adapter else base.model
    settings = {
        "max_steps": steps,
        "warmup_steps": warmup,
        "learning_rate": chosen["learning_rate"],
        "lr_scheduler_type": "cosine",
        "per_device_train_batch_size": chosen["batch"],
        "gradient_accumulation_steps": chosen["accumulation"],
        "activation_checkpointing": capability is not None,  # on a GPU only
        "max_length": 256,
        "logging_steps": max(1, steps // 50),
        "save_strategy": "no",
        "seed": 0,
        "report_to": "none",  # nothing leaves this machine
        "dataloader_pin_memory": capability is not None,
    }
    trainer = SFTTrainer(
        model=model,
        processing_class=base.tokenizer,
        train_dataset=tickets,
        eval_dataset=validation,
        peft_config=None if adapter else LoraConfig(  # all linear layers, alpha = 2 r (lesson 4)
            r=chosen["rank"],
            lora_alpha=2 * chosen["rank"],
            target_modules="all-linear",
            lora_dropout=0.05,
            task_type="CAUSAL_LM",
        ),
        args=SFTConfig(output_dir=str(folder), **pick_precision(capability), **settings | changes),
    )  # fmt: skip
    for parameter in trainer.model.parameters():  # TRL stores a QLoRA adapter in bfloat16; see below
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    watch(trainer, title or Path(folder).name)  # the live curve
    return trainer


# %% [markdown]
# One line in there is not in most tutorials: the adapter goes back to float32.
#
# `SFTTrainer` stores the adapter of a 4-bit model in bfloat16. You have seen what that does to 1.002. An adapter
# takes hundreds of such small moves, and a move smaller than the format's step is lost. On a T4 it is worse: loss
# scaling for float16 does not exist for bfloat16 weights, and the first step stops with an error
# ([pytorch#127176](https://github.com/pytorch/pytorch/issues/127176)). The adapter is tiny, so float32 costs you next
# to nothing.

# %% tags=["skip-execution"]
trainer = new_trainer(runs / "look", steps=1, warmup=0)
trained = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
print(f"{trained:,} weights will move, {trained * 4 / 1e6:.1f} MB in float32. The base model stays as it is.")
print("They are of type", {str(p.dtype) for p in trainer.model.parameters() if p.requires_grad})
del trainer  # makes room on a small GPU

# %% [markdown]
# ### What is in a checkpoint?
#
# Train for a few steps, let the trainer save, and look into the folder.

# %% tags=["skip-execution"]
import shutil

DEMO = dict(steps=24, warmup=3, tickets=train.select(range(24 * 8)), per_device_train_batch_size=8,
            gradient_accumulation_steps=1, logging_steps=1)  # fmt: skip
SAVE = dict(save_strategy="steps", save_steps=6)
shutil.rmtree(runs / "uninterrupted", ignore_errors=True)


def finish(trainer, **how):
    """Train to the end; keep the log and the adapter's weights in one long vector, not the model."""
    trainer.train(**how)
    return trainer.state.log_history, torch.cat(
        [p.detach().flatten().cpu() for p in trainer.model.parameters() if p.requires_grad]
    )


uninterrupted = finish(new_trainer(runs / "uninterrupted", title="Undisturbed run", **DEMO, **SAVE))
for file in sorted((runs / "uninterrupted" / "checkpoint-12").iterdir()):
    print(f"{file.stat().st_size:>9,} bytes  {file.name}")

# %% [markdown]
# The adapter itself is one file of these. Three others matter when you come back:
#
# - `optimizer.pt`: for every adapter weight, AdamW's two running averages (of the gradient and of its square). That
#   is why it is about twice as large as the adapter;
# - `scheduler.pt`: where on the learning-rate curve you are;
# - `rng_state.pth`: the random generators, so that dropout and the order of the tickets go on where they stopped.
#
# `trainer_state.json` ties them together: the step you are at and every loss so far. The trainer writes it near the
# end, so a checkpoint without it was cut off in the middle of writing.
#
# ### Exercise · Find the last good checkpoint
#
# Write `latest_checkpoint(folder)`.
#
# - **Input:** `folder`, a string: a path to a folder that may hold checkpoints, or that may not exist.
# - **Output:** `os.path.join(folder, name)` for the directory `checkpoint-N` with the largest N, compared as a
#   number, that holds both `trainer_state.json` and `adapter_model.safetensors`. `None` when there is no such
#   directory.
# - Anything else in the folder (`checkpoint-tmp`, files, notes of yours) is none of its business and must not upset
#   it.
#
# <details><summary>Hint 1</summary>
#
# `os.path.isdir(folder)` first; then go through `os.listdir(folder)`.
# </details>
# <details><summary>Hint 2</summary>
#
# `re.fullmatch(r"checkpoint-(\d+)", name)` accepts exactly the right names, and its group 1 is N as text. Compare
# `int(N)`: as text, "9" is larger than "10".
# </details>
# <details><summary>Hint 3</summary>
#
# Collect `(N, path)` pairs of complete checkpoints and take the `max`; `max(pairs, default=None)` copes with none.
# </details>

# %%
import os
import re


# %% latest_checkpoint
def latest_checkpoint(folder):
    """The path of the complete checkpoint with the largest number in `folder`, or None."""
    ### BEGIN SOLUTION
    if not os.path.isdir(folder):
        return None
    complete = []
    for name in os.listdir(folder):
        match = re.fullmatch(r"checkpoint-(\d+)", name)
        path = os.path.join(folder, name)
        needed = ("trainer_state.json", "adapter_model.safetensors")
        if match and all(os.path.isfile(os.path.join(path, file)) for file in needed):
            complete.append((int(match.group(1)), path))
    return max(complete)[1] if complete else None
    ### END SOLUTION


# %% test_latest_checkpoint points=4
import os
import tempfile

STATE, ADAPTER = "trainer_state.json", "adapter_model.safetensors"


def save(folder, name, *files):
    """Make folder/name with these (empty) files in it."""
    os.mkdir(os.path.join(folder, name))
    for file in files:
        open(os.path.join(folder, name, file), "w").close()


assert latest_checkpoint("no-such-folder") is None, "A folder that does not exist holds no checkpoint: return None."
with tempfile.TemporaryDirectory() as folder:
    assert latest_checkpoint(folder) is None, "An empty folder holds no checkpoint: return None."
    save(folder, "checkpoint-10", STATE, ADAPTER)
    save(folder, "checkpoint-9", STATE, ADAPTER)
    found = latest_checkpoint(folder)
    assert found != "checkpoint-10", "Return the whole path: os.path.join(folder, name)."
    assert found != os.path.join(folder, "checkpoint-9"), (
        "10 is larger than 9. Compare N as a number (as text, '9' comes after '10'; and when a folder was written says nothing)."
    )
    assert found == os.path.join(folder, "checkpoint-10"), "The path is os.path.join(folder, 'checkpoint-10')."
    save(folder, "checkpoint-11", ADAPTER)
    assert latest_checkpoint(folder) == os.path.join(folder, "checkpoint-10"), (
        "checkpoint-11 has no trainer_state.json: it was cut off while being written, so go back to the one before."
    )
    ### BEGIN HIDDEN TESTS
    save(folder, "checkpoint-12", STATE)
    assert latest_checkpoint(folder) == os.path.join(folder, "checkpoint-10"), (
        "A checkpoint without adapter_model.safetensors has no weights to go on with: skip it."
    )
    open(os.path.join(folder, "checkpoint-50"), "w").close()
    assert latest_checkpoint(folder) == os.path.join(folder, "checkpoint-10"), (
        "A file can be called checkpoint-50 too: only a directory with both files in it counts."
    )
    for name in (
        "checkpoint-tmp",
        "checkpoint-",
        "checkpoint-70-old",
        "old-checkpoint-80",
        "checkpoint-90.bak",
        "runs",
    ):
        save(folder, name, STATE, ADAPTER)
        assert latest_checkpoint(folder) == os.path.join(folder, "checkpoint-10"), (
            f"{name} is not called checkpoint-N: the whole name must match."
        )
    for number in (100, 99, 1000, 200):
        save(folder, f"checkpoint-{number}", STATE, ADAPTER, "optimizer.pt")
    assert latest_checkpoint(folder) == os.path.join(folder, "checkpoint-1000"), (
        "1000 is the largest of 99, 100, 200, 1000."
    )
with tempfile.TemporaryDirectory() as folder:
    save(folder, "checkpoint-30", STATE)
    save(folder, "checkpoint-40", ADAPTER)
    assert latest_checkpoint(folder) is None, (
        "Two checkpoints, neither complete: there is nothing to go back to, so None."
    )
    save(folder, "checkpoint-0", STATE, ADAPTER)
    assert latest_checkpoint(folder) == os.path.join(folder, "checkpoint-0"), (
        "checkpoint-0 is a checkpoint: 0 is a number."
    )
    ### END HIDDEN TESTS

# %% [markdown]
# ### The experiment
#
# You have one run that nobody disturbed. Now repeat it, same seed and same tickets, and let Colab pull the plug after
# step 15.

# %% tags=["skip-execution"]
from transformers import TrainerCallback


class Disconnect(TrainerCallback):
    """Stop the run as a lost connection does: without a word to the trainer."""

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 15:
            raise ConnectionError("the session is gone")


shutil.rmtree(runs / "interrupted", ignore_errors=True)
trainer = new_trainer(runs / "interrupted", title="Interrupted run", **DEMO, **SAVE)
trainer.add_callback(Disconnect())
try:
    trainer.train()
except ConnectionError as gone:
    print(
        f"Step {trainer.state.global_step}: {gone}. Last good checkpoint: {latest_checkpoint(str(runs / 'interrupted'))}"
    )
del trainer

# %% [markdown]
# The steps after the last checkpoint are lost. That is the price of saving every 6 steps. Everything else can come
# back, and you will try it in two ways:
#
# - **resume**: hand the checkpoint to the trainer. Adapter, optimizer, scheduler and random state come back;
# - **reload**: load only the adapter and train the remaining steps. Many scripts do it. The weights are the same,
#   after all.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Both continue from the same weights, on the same machine, with the same seed. What will the final adapters look like?",
    Choice(
        "Both equal the undisturbed run's",
        "The reloaded one has no optimizer averages, warms up again and meets other tickets.",
    ),
    Choice(
        "Only the resumed one equals it, to the last bit",
        "Yes: it brings back all that a step depends on. Measure it.",
        correct=True,
    ),
    Choice(
        "Neither equals it: dropout is random, so two runs are never quite alike",
        "The generator's state is in the checkpoint, so the same units drop out.",
    ),
    Choice("Only the reloaded one equals it", "It has the weights and nothing else."),
)

# %% tags=["skip-execution"]
checkpoint = latest_checkpoint(str(runs / "interrupted"))
step = int(checkpoint.rsplit("-", 1)[1])

resumed = finish(new_trainer(runs / "resumed", title="Resumed", **DEMO), resume_from_checkpoint=checkpoint)

rest = DEMO | {"steps": DEMO["steps"] - step}
reloaded = finish(new_trainer(runs / "reloaded", title="Adapter only", adapter=checkpoint, **rest))

# %% [markdown]
# Now compare: the final adapters weight by weight, and what happened on the way.


# %% tags=["skip-execution"]
def logged(log, what, after=0):
    """(step, value) pairs from a trainer's log."""
    return [(entry["step"] + after, entry[what]) for entry in log if what in entry]


gaps = {
    name: (run[1] - uninterrupted[1]).abs().max().item()
    for name, run in (("resumed", resumed), ("adapter only", reloaded))
}
truth = dict(logged(uninterrupted[0], "loss"))
fig, axes = figure("Only a whole checkpoint continues the same run", columns=2, size=(8.6, 3.5))
for name, run, after, color, dy in [
    ("adapter only", reloaded, step, COLOURS["bad"], -8),
    ("resumed", resumed, 0, COLOURS["tuned"], 8),
]:
    later = [(at, loss - truth[at]) for at, loss in logged(run[0], "loss", after) if at > step]
    axes[0].plot(*zip(*later, strict=True), color=color, marker="o", markersize=3)
    label_line(axes[0], *zip(*later, strict=True), name, color, dy=dy)
    rate = [(at, value) for at, value in logged(run[0], "learning_rate", after) if at > step]
    axes[1].plot(*zip(*rate, strict=True), color=color)
    label_line(axes[1], *zip(*rate, strict=True), name, color, dy=5 - dy / 1.6)
axes[1].plot(*zip(*logged(uninterrupted[0], "learning_rate"), strict=True), color=COLOURS["base"], linestyle=":")
axes[0].set(xlabel="optimizer step", ylabel="loss − the undisturbed run's (nats)", xlim=(step, DEMO["steps"] * 1.22))
axes[1].set(xlabel="optimizer step (dotted: undisturbed)", ylabel="learning rate", xlim=(0, DEMO["steps"] * 1.4))
axes[0].set_xticks(range(step, DEMO["steps"] + 1, 4))
axes[1].set_xticks(range(0, DEMO["steps"] + 1, 4))
_ = show(fig, alt=(
    f"Left: difference in loss from the undisturbed run after step {step}: always 0 for the resumed run, up and down for the "
    "one that reloaded only the adapter. Right: the reloaded run warms up a second time."
))  # fmt: skip
for name, gap in gaps.items():
    print(f"{name:>13}: the largest difference of any adapter weight is {gap:.3g}")

# %% [markdown]
# On a CPU the resumed run differs by exactly 0. Not nearly: the same bits. (Some GPU kernels add numbers in whatever
# order they finish, so on a GPU expect a tiny difference there, but not one like the other run's.)
#
# The reloaded run is *a* run, but not *yours*. The right-hand plot shows one reason: it warmed up a second time. The
# averages of AdamW started from nothing, and it saw the first tickets again. After many disconnects, such a run has
# learned from the beginning of the data again and again, and never from its end.
#
# `trainer.train(resume_from_checkpoint=...)` costs you nothing. Use it.

# %% [markdown]
# ## 5 · Reading loss curves
#
# The **loss** is the mean surprise, in nats (natural-log units), at each token of the right answer. 0 means that the
# model was sure and right.
#
# The *training* loss is measured on tickets the model is learning from. The *validation* loss is measured on 100
# tickets that it never learns from. One curve says whether it learns. The gap between the two says what it learns:
# the job, or the examples by heart.
#
# The loss curves in this lesson have a logarithmic axis: equal distances are equal *ratios*. The drop from 1 to 0.5
# looks as large as the drop from 0.01 to 0.005.
#
# You can spoil a run in many ways. Here are three, for real. The cell trains
#
# - A · on 16 tickets, again and again (and five times as fast, so that you need not wait),
# - B · with a learning rate a hundred times too high,
# - C · with a learning rate ten times too low.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Which sign tells you that run A, on its 16 tickets, has gone wrong?",
    Choice("The training loss rises", "It falls, faster than in any healthy run: these tickets become easy."),
    Choice(
        "The validation loss falls and then rises",
        "Yes. From that point on it learns these tickets, not the job.",
        correct=True,
    ),
    Choice("Both curves stay where they are", "That is what a learning rate of almost nothing does."),
    Choice(
        "The two curves lie on top of each other", "That is the healthy picture: what it learns holds for new tickets."
    ),
)


# %% tags=["skip-execution"]
def curve(log):
    """(train loss, validation loss) at every evaluation."""
    pairs, last = [], None
    for entry in log:
        last = entry.get("loss", last)
        if "eval_loss" in entry:
            pairs.append((last, entry["eval_loss"]))
    return pairs


SPOIL = dict(steps=32, warmup=8, per_device_train_batch_size=8, gradient_accumulation_steps=1, logging_steps=4,
             eval_strategy="steps", eval_steps=4, per_device_eval_batch_size=25)  # fmt: skip
few, many, rate = train.select(range(16)), train.select(range(32 * 8)), chosen["learning_rate"]
spoiled = {}
for name, tickets, speed, curve_of_rate in [
    ("A · 16 tickets", few, 5, "cosine"),
    ("B · rate too high", many, 100, "cosine"),
    ("C · rate too low", many, 0.1, "constant_with_warmup"),  # no decay, so that it could go on
]:
    changes = SPOIL | {"learning_rate": speed * rate, "lr_scheduler_type": curve_of_rate}
    spoiled[name], _ = finish(new_trainer(runs / name[0], title=name, tickets=tickets, **changes))

# %% tags=["skip-execution"]
fig, axes = figure("Three ways to spoil a run", columns=3, size=(8.6, 3.1))
for ax, (name, log) in zip(axes, spoiled.items(), strict=True):
    steps_at = [at for at, _ in logged(log, "eval_loss")]
    for values, color, label in zip(
        zip(*curve(log), strict=True), (COLOURS["rag"], COLOURS["prompt"]), ("train", "validation"), strict=True
    ):
        ax.plot(steps_at, values, color=color, marker="o", markersize=3)
        label_line(ax, steps_at, values, label, color, dy=6 if label == "validation" else -6)
    ax.set(title=name, xlabel="optimizer step", xlim=(0, SPOIL["steps"] * 1.7), yscale="log", ylim=(2e-4, 20))
    ax.set_xticks(range(0, SPOIL["steps"] + 1, 8))
axes[0].set_ylabel("loss (nats per token, log scale)")
ends = "; ".join("{}: train {:.2f}, validation {:.2f}".format(name, *curve(log)[-1]) for name, log in spoiled.items())
_ = show(fig, alt=f"Training and validation loss of three spoiled runs. At the end: {ends}.")

# %% [markdown]
# Three shapes, three cures:
#
# | you see | it is called | you do |
# |---|---|---|
# | the training loss ends above where it began, or is not a number | diverged | lower the learning rate; warm up longer |
# | validation turns up while training still falls | overfitting | go back to the best checkpoint; more data, fewer epochs |
# | validation still falls at the end | still learning | train longer, or raise the learning rate |
# | both are flat | converged | stop: more steps only cost money |
#
# The last row has a trap: flat and *high*. With a learning rate of almost nothing both curves are flat from the first
# step, and the rules say "converged". No curve can tell "cannot learn more" from "has not begun". Look at the level
# too, and at the measured answers.
#
# The trainer can act on this for you. With `load_best_model_at_end=True` it goes back to the checkpoint with the
# smallest validation loss, and with transformers' `EarlyStoppingCallback(early_stopping_patience=3)` it stops once
# three evaluations in a row brought nothing better.
#
# ### Exercise · Diagnose a run
#
# Write `diagnose(losses)`.
#
# - **Input:** `losses`, a non-empty list of `(train, validation)` pairs of floats, one for each evaluation, in order.
# - **Output:** one of four strings. The first rule that fits decides:
#   1. `"diverged"`: the last training loss is NaN (not a number), infinite, or above the first training loss;
#   2. `"overfitting"`: the last validation loss is over 1.1 times the smallest validation loss, and the last training
#      loss is below the first;
#   3. `"still learning"`: the last validation loss is under 0.98 times the one before it;
#   4. `"converged"`: everything else, a single evaluation too.
#
# Validation losses are finite.
#
# <details><summary>Hint 1</summary>
#
# `math.isfinite(x)` is `False` for NaN and for both infinities. A comparison such as `nan > 1` is always `False`, so a
# comparison alone never finds a NaN.
# </details>
# <details><summary>Hint 2</summary>
#
# `min(validation for _, validation in losses)` is the smallest one, wherever it stands.
# </details>
# <details><summary>Hint 3</summary>
#
# With one evaluation there is no "one before": check `len(losses) > 1` before you look at `losses[-2]`.
# </details>


# %% diagnose
def diagnose(losses):
    """What a run's (train, validation) losses say: diverged, overfitting, still learning or converged."""
    ### BEGIN SOLUTION
    first, (train_loss, validation_loss) = losses[0][0], losses[-1]
    if not math.isfinite(train_loss) or train_loss > first:
        return "diverged"
    if validation_loss > 1.1 * min(pair[1] for pair in losses) and train_loss < first:
        return "overfitting"
    if len(losses) > 1 and validation_loss < 0.98 * losses[-2][1]:
        return "still learning"
    return "converged"
    ### END SOLUTION


# %% test_diagnose points=3
assert diagnose([(2.0, 2.0), (3.5, 2.2)]) == "diverged", "The training loss went up from 2.0 to 3.5."
assert diagnose([(2.0, 2.0), (float("nan"), 2.0)]) == "diverged", (
    "NaN means that the run broke. NaN > 2.0 is False, so test for it with math.isfinite."
)
assert diagnose([(2.0, 2.0), (0.5, 1.0), (0.1, 1.5)]) == "overfitting", (
    "Validation was at 1.0 and is back at 1.5, while training fell: compare the last with the *smallest* validation loss."
)
assert diagnose([(2.0, 2.0), (1.5, 1.6), (1.2, 1.2)]) == "still learning", (
    "Validation fell by a quarter in the last round."
)
assert diagnose([(2.0, 2.0), (1.0, 1.0), (0.99, 1.0)]) == "converged", "Validation stands still: it is done."
assert diagnose([(2.0, 2.0)]) == "converged", "A single evaluation has none before it to compare with: converged."
### BEGIN HIDDEN TESTS
assert diagnose([(2.0, 2.0), (float("inf"), 1.0)]) == "diverged", "An infinite training loss is a run that broke."
assert diagnose([(2.0, 2.0), (float("-inf"), 1.0)]) == "diverged", "Minus infinity is infinite too: use math.isfinite."
assert diagnose([(float("nan"), 2.0)]) == "diverged", "A single evaluation can have broken already."
assert diagnose([(2.0, 1.0), (0.5, 0.8), (2.5, 3.0)]) == "diverged", "Diverged is asked before overfitting."
assert diagnose([(2.0, 2.0), (2.6, 1.5), (1.4, 1.4)]) == "still learning", (
    "A bump on the way is not divergence: compare the *last* training loss with the first."
)
assert diagnose([(2.0, 2.0), (0.5, 1.0), (1.0, 0.7)]) == "still learning", (
    "Training rose in the last round but is below the first: compare with the first, not with the one before."
)
assert diagnose([(2.0, 1.0), (1.0, 2.0), (0.5, 1.5)]) == "overfitting", (
    "Validation fell in the last round but is far above its smallest: overfitting is asked before still learning."
)
assert diagnose([(2.0, 3.0), (1.0, 1.0), (0.5, 1.3)]) == "overfitting", (
    "1.3 is below the first validation loss, but 1.3 times the smallest: compare with the smallest."
)
assert diagnose([(2.0, 2.0), (1.0, 1.0), (0.8, 1.05)]) == "converged", (
    "5 % over the smallest is noise, not overfitting."
)
assert diagnose([(2.0, 2.0), (1.0, 1.0), (0.4, 0.99)]) == "converged", (
    "A last gain of 1 % is not learning. Look at the validation loss: the training loss may fall on."
)
assert diagnose([(2.0, 2.0), (1.0, 1.0), (0.9, 0.95)]) == "still learning", (
    "0.95 is under 0.98 times 1.0: still learning."
)
pairs = [(3.0, 3.0), (2.0, 2.0), (1.0, 1.5)]
assert diagnose(pairs) == "still learning" and pairs == [(3.0, 3.0), (2.0, 2.0), (1.0, 1.5)], "Leave the list as it is."
### END HIDDEN TESTS

# %% [markdown]
# What does your function say about the three spoiled runs?

# %% tags=["skip-execution"]
for name, log in spoiled.items():
    print(f"{name:18} → {diagnose(curve(log))}")

# %% [markdown]
# ## 6 · The run
#
# All is decided. Your functions plan it; the trainer does it. Watch the curve: it falls steeply at first, and then
# for a long time a little.
#
# If Colab disconnects here, run the notebook again from the top: this cell finds the last good checkpoint and goes on.
# The folder carries the settings in its name, so a run with other settings starts afresh. So does a finished one.

# %% tags=["skip-execution"]
effective = chosen["batch"] * chosen["accumulation"]
steps, warmup = schedule(chosen["tickets"], chosen["batch"], chosen["accumulation"], chosen["epochs"], 0.1)
folder = runs / f"{tier.name}-{steps}x{effective}-rank{chosen['rank']}-rate{chosen['learning_rate']:g}"
print(f"{steps} steps of {effective} tickets, {warmup} of them to warm up.")
if (folder / f"checkpoint-{steps}").is_dir():  # finished before
    shutil.rmtree(folder)

trainer = new_trainer(
    folder, steps, warmup, title="Triage adapter",
    eval_strategy="steps", eval_steps=math.ceil(steps / 8), per_device_eval_batch_size=chosen["batch"],
    save_strategy="steps", save_steps=math.ceil(steps / 4), save_total_limit=2,
)  # fmt: skip
trainer.train(resume_from_checkpoint=latest_checkpoint(str(folder)))
print("Diagnosis:", diagnose(curve(trainer.state.log_history)))

# %% [markdown]
# Save what was learned. Only the adapter is written, not the base model; `save_adapter` also notes which base it
# belongs to.

# %% tags=["skip-execution"]
from course.training import save_adapter

save_adapter(trainer.model, tier, "adapter")
if DRIVE.is_dir():  # on Colab: a copy that outlives the session
    shutil.copytree("adapter", DRIVE / "finetuning-course" / "adapter", dirs_exist_ok=True)
for file in sorted(Path("adapter").iterdir()):
    print(f"{file.stat().st_size:>9,} bytes  adapter/{file.name}")

# %% [markdown]
# ## 7 · Did it help?
#
# A falling loss is a promise. The answers are the proof. Measure the adapter on the same 200 tickets, with the ticket
# alone as prompt, as you measured the base.
#
# And look again at the ticket from the beginning, in four answers.
#
# Then measure one more: an adapter that gets only **a tenth of the steps**. Its loss goes down steeply, too.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "The loss of the short run falls steeply, too. When that adapter gets a ticket wrong, what will be wrong most often?",
    Choice(
        "The product, which has to be copied from the ticket letter by letter",
        "Copying is something the base does well. Look at the product's bars.",
    ),
    Choice(
        "The format: the old habits still come through",
        "Yes. Sampling at temperature 1 shows every habit that still has some probability.",
        correct=True,
    ),
    Choice(
        "Nothing: a loss that has fallen so far leaves no errors",
        "The loss is a mean over tokens. A few surprising first tokens hide well in it.",
    ),
)

# %% tags=["skip-execution"]
after = measure_triage(trainer.model.eval(), base.tokenizer, fresh)
print("Ticket: ", ticket["text"])
for answer in generate(trainer.model, base.tokenizer, [triage_messages(ticket["text"])] * 4, seed=1):
    print("Answer: ", " ".join(answer.split()))
print(f"\n{after.valid:.0%} of 200 answers are valid, {after.correct:.0%} have all three fields right.")

# %% tags=["skip-execution"]
trainer = None  # makes room on a small GPU; the adapter is saved
tenth = new_trainer(runs / "tenth", steps // 10, warmup // 10, title="A tenth of the steps")
tenth.train()
short = measure_triage(tenth.model.eval(), base.tokenizer, fresh)

# %% tags=["skip-execution"]
parts = ("valid", "intent", "priority", "product", "correct")
labels = ("valid JSON", "intent", "priority", "product", "all three")
fig, ax = figure(
    f"All three fields right: {before.correct:.0%} before, {after.correct:.0%} after training",
    ylabel="of 200 fresh tickets (%)", size=(8.2, 4.0),
)  # fmt: skip
for place, (name, score, color) in enumerate(
    [
        ("base", before, COLOURS["base"]),
        (f"{steps // 10} steps", short, COLOURS["prompt"]),
        (f"{steps} steps", after, COLOURS["tuned"]),
    ]
):
    bars = ax.bar(
        [x + 0.27 * (place - 1) for x in range(5)],
        [100 * getattr(score, part) for part in parts],
        0.26,
        color=color,
        label=name,
    )
    label_bars(ax, bars)
ax.set_xticks(range(5), labels)
ax.set_ylim(0, 124)
ax.legend(ncols=3, loc="upper left")
table = "; ".join(
    f"{name}: {s.valid:.0%} valid, {s.correct:.0%} all right"
    for name, s in (("base", before), ("a tenth", short), ("full", after))
)
_ = show(fig, alt=f"Share of 200 fresh tickets. {table}.")

# %% [markdown]
# The base already understood tickets; you saw it in its four answers. What the run had to teach is one format, every
# time. A short run makes that format likely. Only a long enough one makes it certain, and a program that reads the
# answers needs it certain.
#
# The priority is the hardest field, since it follows a rule of the shop's that no ticket states. A valid object with
# a wrong priority is still a wrong answer. So you measure every field, and so does the grader.

# %% [markdown]
# ## 8 · Hand it in
#
# The folder `adapter/` beside this notebook is part of your submission. Has a teacher given you a student id? Then
# `course.hand_in("your-id")`, in a cell of its own, packs notebook and adapter into one zip and says where it is. In
# Colab it downloads the zip, too, and finds the copy of the adapter on your Drive if the session has been cut off.
#
# It is graded by what it does, on tickets that nobody has seen. The grader climbs a ladder of six rungs, and you can
# climb it first, with the same code and other tickets:
#
# 1. **files**: `adapter_config.json` and `adapter_model.safetensors`, and no pickle;
# 2. **configuration**: LoRA, for the right base, rank and modules within bounds;
# 3. **tensors**: names and shapes fit the base, all numbers finite, B not all zero;
# 4. **behaviour**: valid JSON and right fields on fresh tickets: here most of the points are won;
# 5. **forgetting**: it still models general text about as well as the base does;
# 6. **originality**: it is nobody else's adapter.
#
# The last line of the next cell is the number of points that this adapter would get. If a rung fails, read what it
# says, change a setting above, train again, save, and climb again.

# %% test_adapter points=8
from course.ladder import climb

report = climb("adapter")  # six rungs: each passed, failed (with the likely mistake) or not reached
round(8 * report.score, 2)

# %% [markdown]
# ## Takeaways
#
# - **Precision follows the chip.** bfloat16 from compute capability 8.0, float16 with loss scaling below, float32 on
#   a CPU. Say it; the default guesses.
# - **Effective batch = batch × accumulation.** Memory sees only the batch. Learning sees the product.
# - **Steps are counted per epoch, rounded up**, and warm-up is counted in steps.
# - **Activations fill the memory.** Accumulation splits them, checkpointing trades them for a second forward pass.
# - **A checkpoint is more than an adapter.** With optimizer, scheduler and random state a run continues bit for bit;
#   with the weights alone it becomes another run.
# - **Read two curves, then measure answers.** A short run looks good in its loss and bad in its answers.

# %% tags=["skip-execution"]
print(f"The machine worked for about {(time.perf_counter() - started) / 60:.1f} minutes, your reading included.")

# %% tags=["skip-execution"]
# @title Knowledge check
course.knowledge_check(
    "lesson06_training",
    Question(
        "You move from an A100 (capability 8.0) to a T4 (7.5). Which setting must change?",
        Choice("The learning rate", "It does not depend on the chip."),
        Choice("`bf16` to `fp16`", "Yes: bfloat16 came with 8.0.", correct=True),
        Choice("`use_cpu` to True", "A T4 is a GPU; that would leave it idle."),
        Choice(
            "The adapter's rank, because a T4 has less memory for the base model",
            "Rank changes the adapter, which is tiny. The base is in 4 bits either way.",
        ),
    ),
    Question(
        "Batch 2 fits into memory. You want every step to learn from 32 tickets. What do you set?",
        Choice("Accumulation 16", "Yes: 2 × 16 = 32, and only 2 are in memory at a time.", correct=True),
        Choice("Accumulation 32", "That makes 64 tickets a step: the product counts."),
        Choice(
            "Epochs 16, so that each ticket is seen often enough",
            "Epochs repeat the data; they do not change what one step learns from.",
        ),
    ),
    Question(
        "500 tickets, batch 8, accumulation 4, 3 epochs. How many optimizer steps?",
        Choice("45", "15 full steps an epoch, but the rest of the tickets make one more."),
        Choice("47", "1,500 / 32, rounded up. But each epoch is rounded up on its own."),
        Choice("189", "That is the number of batches. Four of them make a step."),
        Choice("48", "Yes: 63 batches an epoch, 16 steps, three times.", correct=True),
    ),
    Question(
        "Your run needs 16 GB with batch 1 and the GPU has 15. What helps at once?",
        Choice("More accumulation", "With batch 1, only one ticket is in memory already."),
        Choice(
            "A longer warm-up, so that the first steps need less memory",
            "Warm-up changes the learning rate, not the memory.",
        ),
        Choice(
            "Gradient checkpointing",
            "Yes: it keeps only what enters each layer, and pays with a second forward pass.",
            correct=True,
        ),
        Choice("Fewer epochs", "Memory is per step, however many steps there are."),
    ),
    Question(
        "After a disconnect a colleague loads `adapter_model.safetensors` and trains the remaining steps. What is lost?",
        Choice(
            "What the adapter had learned so far, so that it starts from the base model",
            "The weights are all there; what was learned stays.",
        ),
        Choice(
            "AdamW's averages, the place on the schedule and in the data",
            "Yes. So it warms up again and sees the first tickets again.",
            correct=True,
        ),
        Choice("Nothing", "You plotted the difference."),
    ),
    Question(
        "`checkpoint-900` has no `trainer_state.json`. `checkpoint-800` is complete. From which do you resume?",
        Choice(
            "From `checkpoint-900`, because it has the newest weights",
            "It was cut off in the middle of writing; the trainer cannot read its step.",
        ),
        Choice("From neither: start afresh", "800 steps would be lost for nothing."),
        Choice("From `checkpoint-800`", "Yes: the last complete one.", correct=True),
    ),
    Question(
        "Training loss 2.0 → 0.1, validation loss 2.0 → 0.9 → 1.6. What do you do?",
        Choice(
            "Train longer: the training loss still falls",
            "That is what it does when a model learns its examples by heart.",
        ),
        Choice("Raise the learning rate", "It would get there sooner, and further away from the job."),
        Choice(
            "Nothing, since 1.6 is better than the 2.0 that it started with", "0.9 was better still, and you had it."
        ),
        Choice("Go back to where validation was 0.9", "Yes, and get more data or fewer epochs.", correct=True),
    ),
    Question(
        "An adapter gives valid JSON for every ticket. Is it ready?",
        Choice("Not yet: measure every field", "Yes. The form says nothing about the labels in it.", correct=True),
        Choice(
            "Yes: the loss must have fallen, and that is what training is for",
            "A valid object can hold a wrong priority, whatever the loss did.",
        ),
        Choice("Yes, if its training loss is under 0.1", "The training loss is measured on tickets that it knows."),
    ),
    pass_mark=0.8,
)

# %% [markdown]
# ## What comes next
#
# Your adapter scored well on 200 tickets. How well exactly? Draw 200 others and the number moves. And has it
# forgotten something that you never asked for? **Lesson 7** puts error bars on these numbers, compares base and
# adapter ticket by ticket, and writes down, before the run, what would make you ship.

# %% tags=["skip-execution"]
course.progress()
