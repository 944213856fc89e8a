# %% [markdown]
# ## pick_precision


# %% pick_precision wrong="bfloat16 on every GPU, also on a T4"
def pick_precision(capability):
    return {"bf16": capability is not None, "fp16": False, "use_cpu": capability is None}


# %% pick_precision wrong="bfloat16 only above 8.0, so not on an A100"
def pick_precision(capability):
    if capability is None:
        return {"bf16": False, "fp16": False, "use_cpu": True}
    modern = capability > (8, 0)
    return {"bf16": modern, "fp16": not modern, "use_cpu": False}


# %% pick_precision wrong="compares the major version for equality, so not on an H100"
def pick_precision(capability):
    if capability is None:
        return {"bf16": False, "fp16": False, "use_cpu": True}
    return {"bf16": capability[0] == 8, "fp16": capability[0] != 8, "use_cpu": False}


# %% pick_precision wrong="leaves out the keys that are False"
def pick_precision(capability):
    if capability is None:
        return {"use_cpu": True}
    return {"bf16": True} if capability >= (8, 0) else {"fp16": True}


# %% pick_precision wrong="float16 on a CPU, too"
def pick_precision(capability):
    modern = capability is not None and capability >= (8, 0)
    return {"bf16": modern, "fp16": not modern, "use_cpu": capability is None}


# %% pick_precision wrong="crashes without a GPU"
def pick_precision(capability):
    modern = capability >= (8, 0)
    return {"bf16": modern, "fp16": not modern, "use_cpu": capability is None}


# %% pick_precision right="starts from all False and sets one"
def pick_precision(capability):
    flags = dict.fromkeys(["use_cpu", "bf16", "fp16"], False)
    if capability is None:
        chosen = "use_cpu"
    elif capability[0] >= 8:
        chosen = "bf16"
    else:
        chosen = "fp16"
    flags[chosen] = True
    return flags


# %% pick_precision right="compares one number, ten times major plus minor"
def pick_precision(capability):
    number = -1 if not capability else 10 * capability[0] + capability[1]
    return {"bf16": number >= 80, "fp16": 0 <= number < 80, "use_cpu": number < 0}


# %% [markdown]
# ## schedule


# %% schedule wrong="drops the last partial batch"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    steps = examples // (batch * accumulation) * epochs
    return steps, math.ceil(steps * warmup_fraction)


# %% schedule wrong="rounds up over all epochs at once"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    steps = math.ceil(examples * epochs / (batch * accumulation))
    return steps, math.ceil(steps * warmup_fraction)


# %% schedule wrong="counts batches, not optimizer steps"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    steps = math.ceil(examples / batch) * epochs
    return steps, math.ceil(steps * warmup_fraction)


# %% schedule wrong="drops the last partial accumulation"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    steps = math.ceil(examples / batch) // accumulation * epochs
    return steps, math.ceil(steps * warmup_fraction)


# %% schedule wrong="rounds warm-up down"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    steps = math.ceil(math.ceil(examples / batch) / accumulation) * epochs
    return steps, int(steps * warmup_fraction)


# %% schedule wrong="warms up for a share of one epoch"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    per_epoch = math.ceil(math.ceil(examples / batch) / accumulation)
    return per_epoch * epochs, math.ceil(per_epoch * warmup_fraction)


# %% schedule right="divides by the effective batch, in whole numbers"
def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    effective = batch * accumulation
    per_epoch = -(-examples // effective)
    steps = epochs * per_epoch
    return [steps, math.ceil(steps * warmup_fraction)]


# %% schedule right="walks through the epochs"
import math


def schedule(examples, batch, accumulation, epochs, warmup_fraction):
    steps = 0
    for _ in range(epochs):
        waiting = 0
        for first in range(0, examples, batch):
            waiting += 1
            if waiting == accumulation or first + batch >= examples:
                steps, waiting = steps + 1, 0
    return steps, math.ceil(steps * warmup_fraction)


# %% [markdown]
# ## latest_checkpoint


# %% latest_checkpoint wrong="sorts the names as text"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    names = [name for name in os.listdir(folder) if re.fullmatch(r"checkpoint-\d+", name)]
    for name in sorted(names, reverse=True):
        path = os.path.join(folder, name)
        if {"trainer_state.json", "adapter_model.safetensors"} <= set(os.listdir(path)):
            return path
    return None


# %% latest_checkpoint wrong="takes the folder that was written last"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if re.fullmatch(r"checkpoint-\d+", name)]
    return max(paths, key=lambda path: os.stat(path).st_mtime_ns, default=None)


# %% latest_checkpoint wrong="accepts a checkpoint that was cut off"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    found = [(int(m[1]), m[0]) for m in (re.fullmatch(r"checkpoint-(\d+)", name) for name in os.listdir(folder)) if m]
    return os.path.join(folder, max(found)[1]) if found else None


# %% latest_checkpoint wrong="looks for trainer_state.json only"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    found = []
    for name in os.listdir(folder):
        match = re.fullmatch(r"checkpoint-(\d+)", name)
        if match and os.path.exists(os.path.join(folder, name, "trainer_state.json")):
            found.append((int(match[1]), os.path.join(folder, name)))
    return max(found)[1] if found else None


# %% latest_checkpoint wrong="stops at a folder that does not exist"
def latest_checkpoint(folder):
    found = []
    for name in os.listdir(folder):
        match = re.fullmatch(r"checkpoint-(\d+)", name)
        path = os.path.join(folder, name)
        needed = ("trainer_state.json", "adapter_model.safetensors")
        if match and all(os.path.exists(os.path.join(path, file)) for file in needed):
            found.append((int(match[1]), path))
    return max(found)[1] if found else None


# %% latest_checkpoint wrong="stops at checkpoint-tmp"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    found = []
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.startswith("checkpoint-") and os.path.isdir(path):
            number = int(name.split("-")[1])
            if all(os.path.exists(os.path.join(path, f)) for f in ("trainer_state.json", "adapter_model.safetensors")):
                found.append((number, path))
    return max(found)[1] if found else None


# %% latest_checkpoint wrong="accepts checkpoint-70-old"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    found = []
    for name in os.listdir(folder):
        match = re.match(r"checkpoint-(\d+)", name)
        path = os.path.join(folder, name)
        needed = ("trainer_state.json", "adapter_model.safetensors")
        if match and all(os.path.exists(os.path.join(path, file)) for file in needed):
            found.append((int(match[1]), path))
    return max(found)[1] if found else None


# %% latest_checkpoint wrong="returns the name without its folder"
def latest_checkpoint(folder):
    if not os.path.isdir(folder):
        return None
    found = []
    for name in os.listdir(folder):
        match = re.fullmatch(r"checkpoint-(\d+)", name)
        path = os.path.join(folder, name)
        needed = ("trainer_state.json", "adapter_model.safetensors")
        if match and all(os.path.exists(os.path.join(path, file)) for file in needed):
            found.append((int(match[1]), name))
    return max(found)[1] if found else None


# %% latest_checkpoint right="uses pathlib and sorts by number"
from pathlib import Path


def latest_checkpoint(folder):
    def number(path):
        return int(path.name.removeprefix("checkpoint-"))

    needed = ("trainer_state.json", "adapter_model.safetensors")
    candidates = [
        path
        for path in Path(folder).glob("checkpoint-*")
        if path.name.removeprefix("checkpoint-").isdigit() and all((path / file).is_file() for file in needed)
    ]
    if not candidates:
        return None
    return os.path.join(folder, max(candidates, key=number).name)


# %% latest_checkpoint right="remembers the best one while it scans"
def latest_checkpoint(folder):
    best, largest = None, -1
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return None
    for entry in entries:
        prefix, _, number = entry.name.partition("-")
        if prefix != "checkpoint" or not number.isdecimal() or not entry.is_dir():
            continue
        inside = os.listdir(os.path.join(folder, entry.name))
        if "trainer_state.json" in inside and "adapter_model.safetensors" in inside and int(number) > largest:
            best, largest = os.path.join(folder, entry.name), int(number)
    return best


# %% [markdown]
# ## diagnose


# %% diagnose wrong="overlooks NaN"
def diagnose(losses):
    train, validation = losses[-1]
    if train > losses[0][0]:
        return "diverged"
    if validation > 1.1 * min(v for _, v in losses) and train < losses[0][0]:
        return "overfitting"
    if len(losses) > 1 and validation < 0.98 * losses[-2][1]:
        return "still learning"
    return "converged"


# %% diagnose wrong="compares with the first validation loss, not the smallest"
def diagnose(losses):
    train, validation = losses[-1]
    if not math.isfinite(train) or train > losses[0][0]:
        return "diverged"
    if validation > 1.1 * losses[0][1] and train < losses[0][0]:
        return "overfitting"
    if len(losses) > 1 and validation < 0.98 * losses[-2][1]:
        return "still learning"
    return "converged"


# %% diagnose wrong="asks for still learning before overfitting"
def diagnose(losses):
    train, validation = losses[-1]
    if not math.isfinite(train) or train > losses[0][0]:
        return "diverged"
    if len(losses) > 1 and validation < 0.98 * losses[-2][1]:
        return "still learning"
    if validation > 1.1 * min(v for _, v in losses):
        return "overfitting"
    return "converged"


# %% diagnose wrong="stops at a single evaluation"
def diagnose(losses):
    train, validation = losses[-1]
    if not math.isfinite(train) or train > losses[0][0]:
        return "diverged"
    if validation > 1.1 * min(v for _, v in losses):
        return "overfitting"
    if validation < 0.98 * losses[-2][1]:
        return "still learning"
    return "converged"


# %% diagnose wrong="looks at the training loss to see whether it still learns"
def diagnose(losses):
    train, validation = losses[-1]
    if not math.isfinite(train) or train > losses[0][0]:
        return "diverged"
    if validation > 1.1 * min(v for _, v in losses):
        return "overfitting"
    if len(losses) > 1 and train < 0.98 * losses[-2][0]:
        return "still learning"
    return "converged"


# %% diagnose wrong="calls any rise of the training loss divergence"
def diagnose(losses):
    train, validation = losses[-1]
    if not math.isfinite(train) or (len(losses) > 1 and train > losses[-2][0]):
        return "diverged"
    if validation > 1.1 * min(v for _, v in losses):
        return "overfitting"
    if len(losses) > 1 and validation < 0.98 * losses[-2][1]:
        return "still learning"
    return "converged"


# %% diagnose wrong="calls every rise of the validation loss overfitting"
def diagnose(losses):
    train, validation = losses[-1]
    if not math.isfinite(train) or train > losses[0][0]:
        return "diverged"
    if validation > min(v for _, v in losses):
        return "overfitting"
    if len(losses) > 1 and validation < 0.98 * losses[-2][1]:
        return "still learning"
    return "converged"


# %% diagnose right="splits the columns first"
def diagnose(losses):
    train, validation = zip(*losses)
    if math.isnan(train[-1]) or math.isinf(train[-1]) or train[-1] > train[0]:
        return "diverged"
    if train[-1] < train[0] and validation[-1] / min(validation) > 1.1:
        return "overfitting"
    before = validation[-2] if len(validation) > 1 else validation[-1]
    return "still learning" if validation[-1] < 0.98 * before else "converged"


# %% diagnose right="uses comparisons that NaN fails"
def diagnose(losses):
    (first, _), (train, validation) = losses[0], losses[-1]
    if not (float("-inf") < train <= first and train < float("inf")):
        return "diverged"
    smallest = sorted(pair[1] for pair in losses)[0]
    if validation > smallest * 1.1 and train < first:
        return "overfitting"
    if validation < 0.98 * losses[-2:][0][1]:
        return "still learning"
    return "converged"
