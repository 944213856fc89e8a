# %% [markdown]
# # Lesson 4 · LoRA from first principles
#
# **Where lesson 3 left you.** The data is ready: clean, masked, split, without duplicates. Now the model has to learn from
# it. Training *all* of its weights would work. It would also store every weight again, for each of Juniper's three jobs,
# and need a machine that holds several numbers for each weight while it trains. Today you train less than a tenth of that,
# and get the same job done.
#
# **After this lesson you can**
#
# 1. write the forward pass of LoRA by hand, and say what rank, alpha and target modules do in it;
# 2. predict how many parameters an adapter has, and how large its file is;
# 3. explain why B starts at zero, and what the first step of training changes;
# 4. configure LoRA in PEFT, choose its learning rate, and merge the result into the base model.
#
# **Time and hardware.** About 75 minutes of yours. The machine works for about three of them on two free CPU cores, with no
# GPU (the last cell says how long yours took). With a GPU the same cells train a larger model; plan 20 minutes of computing
# on a free T4 (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# A language model is a stack of layers, and most of each layer is a handful of matrices of weights. *Full fine-tuning*
# moves every weight of every matrix. Let us count what that takes.
#
# While you train, each weight needs four numbers, of four bytes each: the weight itself, its gradient (which way to move
# it), and the two running averages that the optimizer AdamW keeps for it. That is 16 bytes a weight, before the first
# ticket is read. And when you are done, a job's result is a whole model again.

# %% tags=["skip-execution"]
import time

from course.models import TIERS, load_base

started = time.perf_counter()
subject = TIERS["t4"] if tier.name == "t4-large" else tier  # full fine-tuning of 7B fits on no small GPU: see below
base = load_base(subject)

models = [("this lesson's model", base.model.num_parameters()), ("Qwen2.5 0.5B", TIERS["t4"].parameters),
          ("Mistral 7B", TIERS["t4-large"].parameters), ("GPT-3", 175_000_000_000)]  # fmt: skip
print(f"{'':22}{'weights':>17}{'to train all of it':>22}{'results of 3 jobs, in 16 bit':>32}")
for name, count in models:
    print(f"{name:22}{count:>17,}{16 * count / 1e9:>19,.2f} GB{3 * 2 * count / 1e9:>29,.2f} GB")

# %% [markdown]
# (The 175 billion weights are from [Brown et al. 2020](https://arxiv.org/abs/2005.14165).) A free T4 has 15 GB, so training
# all of a 7B model is out of the question there. But must all of it change?
#
# ### What does full fine-tuning change?
#
# On a small model you can look. The next cell trains **all** weights on the triage job: the ticket alone as prompt, one
# JSON object as completion. It also defines `fit`, which every experiment of this lesson uses. Read it: with a LoRA
# configuration it trains an adapter, and with `None` it trains everything.

# %% tags=["skip-execution"]
import gc
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PrinterCallback, set_seed
from trl import SFTTrainer

from course.data import draw_tickets, general_text, prompt_completion
from course.evaluation import measure_triage
from course.models import perplexity
from course.training import sft_config

SETTINGS = {  # by model: how long a run is, and the learning rates worth trying
    "bundled": dict(steps=40, batch=16, full=[1e-4, 1e-3, 1e-2], lora=[1e-3, 1e-2, 1e-1]),
    "t4": dict(steps=30, batch=4, full=[1e-6, 1e-5, 1e-4], lora=[1e-5, 1e-4, 1e-3]),
}[subject.name]
train = draw_tickets(16 * SETTINGS["steps"], seed=41).map(prompt_completion)
validation = draw_tickets(100, seed=42).map(prompt_completion)
fresh = draw_tickets(100, seed=43)  # tickets to be graded on, seen by no run
stories = general_text(40, seed=44)  # text that has nothing to do with tickets
runs, folder = [], Path(tempfile.mkdtemp(prefix="lesson04-"))


def fit(name, config, learning_rate):
    """Train a fresh copy of the base on triage: an adapter, or every weight when config is None. Return the model."""
    gc.collect(), torch.cuda.empty_cache()  # the run before this one is over: give back its memory
    set_seed(0)
    copy = load_base(subject)
    model = copy.model.float() if config is None else copy.model
    trainer = SFTTrainer(
        model=model,
        processing_class=copy.tokenizer,
        train_dataset=train,
        eval_dataset=validation,
        peft_config=config,
        args=sft_config(
            folder,
            SETTINGS["steps"],
            learning_rate,
            per_device_train_batch_size=SETTINGS["batch"],
            gradient_accumulation_steps=16 // SETTINGS["batch"],  # 16 tickets a step
            per_device_eval_batch_size=SETTINGS["batch"],
        ),
    )
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # what is trained, is trained in full precision
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    loss, model = trainer.evaluate()["eval_loss"], trainer.model.eval()
    broken = not loss < 1  # such a model answers at length, and never right
    correct = 0.0 if broken else measure_triage(model, copy.tokenizer, fresh).correct
    general = perplexity(model, copy.tokenizer, stories)
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    runs.append(dict(name=name, rate=learning_rate, loss=loss, correct=correct, general=general, trained=trained))
    print(f"{name:<24} rate {learning_rate:<7g} {trained:>11,} weights moved   validation loss {loss:.3f}   "
          f"right {correct:4.0%}{' (not asked: broken)' * broken}")  # fmt: skip
    return model


before = measure_triage(base.model, base.tokenizer, fresh)
print(f"{'base':<69} right {before.correct:4.0%}")
whole = fit("all weights", None, SETTINGS["full"][1])

# %% [markdown]
# It learned. Now look at the *change*: for every matrix, the weights after training minus the weights before. Call it
# ΔW ("delta W").
#
# A matrix of 192 × 192 numbers could hold 192 independent patterns. There is a standard way to list the patterns in a
# matrix from the strongest to the weakest, the *singular value decomposition* (SVD). Keep only the strongest r of them and
# you have the best possible approximation of **rank** r: a matrix that contains only r independent patterns.
#
# So here is an experiment. Take the fully fine-tuned model, and throw away all of each change but its strongest r
# patterns. What survives?

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
from course import Choice, Question, quick_check

quick_check(
    "Of each matrix's change, you keep only the 8 strongest patterns and drop all others. How much of the new skill is left?",
    Choice(
        "None: a skill is spread over all weights",
        "It is spread over all weights, but along few patterns. Run the next cell.",
    ),
    Choice(
        "About as much as the share of patterns that you keep, a few per cent",
        "The patterns are far from equally strong. Run the next cell.",
    ),
    Choice(
        "Most of it", "Run the next cell: a few patterns carry nearly all of the change that matters.", correct=True
    ),
)

# %% tags=["skip-execution"]
from course.figures import COLOURS, figure, label_line, show


def linear_layers(model):
    """The matrices inside the layers of a model, by name."""
    return {name: module for name, module in model.named_modules() if name.endswith("_proj")}


after = {name: module.weight.detach() for name, module in linear_layers(whole).items()}
probe = load_base(subject).model.float()
original = {name: module.weight.detach().clone() for name, module in linear_layers(probe).items()}
parts = {name: torch.linalg.svd(after[name] - original[name], full_matrices=False) for name in original}

kept = {}
for rank in (0, 1, 2, 4, 8, 16, 32):
    for name, module in linear_layers(probe).items():
        U, S, V = parts[name]
        module.weight.data = original[name] + U[:, :rank] * S[:rank] @ V[:rank]
    kept[rank] = 100 * measure_triage(probe, base.tokenizer, fresh).correct

fig, ax = figure("A few patterns of the change carry the skill", "patterns kept of each change (rank)",
                 "tickets with all fields right (%)", size=(7.2, 3.4))  # fmt: skip
ax.plot(range(len(kept)), list(kept.values()), "o-", color=COLOURS["tuned"])
ax.axhline(100 * runs[0]["correct"], color=COLOURS["base"], linestyle="--", linewidth=1.4)
ax.text(0, 100 * runs[0]["correct"] + 2, "the whole change", color=COLOURS["base"], fontweight="bold")
ax.set_xticks(range(len(kept)), [str(rank) for rank in kept])
ax.set_ylim(0, 112)
table = "; ".join(f"rank {rank}: {share:.0f} %" for rank, share in kept.items())
_ = show(
    fig, alt=f"Right tickets by the rank that is kept. {table}. The whole change: {100 * runs[0]['correct']:.0f} %."
)
del whole, after, probe, original, parts

# %% [markdown]
# (The probe also keeps the base's embeddings and norms. Only the matrices inside the layers change.)
#
# That is the observation LoRA is built on: **the change that a job needs is nearly of low rank**, even though training moved
# every weight. The LoRA paper ([Hu et al. 2021](https://arxiv.org/abs/2106.09685)) put it as a hypothesis, and then did
# the obvious thing. If the change is of low rank in the end, *train only changes of low rank from the start*.

# %% [markdown]
# ## 1 · Low rank, by hand
#
# How do you write down a matrix of rank 1? As a column times a row. Take four numbers and three numbers, small enough for
# paper:
#
# ```text
#  B (4 × 1)    A (1 × 3)            B A (4 × 3)
#
#    1          [ 2   0  −1 ]        2   0  −1
#    0                               0   0   0
#    3                               6   0  −3
#   −1                              −2   0   1
# ```
#
# Twelve numbers came out of seven. Each row of the result is the same pattern, A, times one number of B. That is what
# *rank 1* means: one pattern. With r columns in B and r rows in A you get a sum of r such patterns, *rank r*.

# %%
import torch

B = torch.tensor([[1], [0], [3], [-1]])
A = torch.tensor([[2, 0, -1]])
print(B @ A)
print(
    "rank:",
    int(torch.linalg.matrix_rank((B @ A).double())),
    "   numbers stored:",
    A.numel() + B.numel(),
    "in place of",
    (B @ A).numel(),
)

# %% [markdown]
# For a 4 × 3 matrix that hardly pays. For a real one it does, because a product has d_out × d_in numbers but its factors
# have only r × (d_out + d_in). Here is one matrix of Qwen2.5 0.5B with a change of rank 16, drawn to scale:

# %% tags=["skip-execution"]
from course.rank_explorer import draw_update

_ = show(*draw_update(d_out=896, d_in=896, rank=16))

# %% [markdown]
# So this is **LoRA**, *low-rank adaptation*. The weight W stays as it is, *frozen*. Beside it you train A and B, and the
# layer computes as if its weight were
#
# > W + (α / r) · B A
#
# α (alpha) is a fixed number that you choose; α / r says how loudly the adapter speaks. The pair (A, B) of every adapted
# matrix, together, is the **adapter**.
#
# In PyTorch a linear layer takes x of shape (n, d_in), a row for each token, and returns x Wᵀ of shape (n, d_out). Put the
# sum in and multiply out:
#
# > x (W + (α/r) B A)ᵀ = x Wᵀ + (α/r) (x Aᵀ) Bᵀ
#
# The brackets on the right are the trick. `x @ A.T` has only r columns. Multiply *that* with Bᵀ, and nothing as large as W
# is ever formed.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "One token (n = 1), W is 4,096 × 4,096, r = 16. How many multiplications do (x Aᵀ) Bᵀ and x (B A)ᵀ take?",
    Choice(
        "About as many: the result is the same",
        "The result is the same. The brackets decide what is computed on the way.",
    ),
    Choice(
        "About 131 thousand, and about 285 million",
        "Yes. 16 × 4,096 twice; against 4,096 × 16 × 4,096 to form B A, and 4,096² to use it.",
        correct=True,
    ),
    Choice("About 285 million, and about 131 thousand", "The other way round: forming B A is the expensive part."),
    Choice(
        "About 16.8 million each, because both results have to be multiplied with all of the frozen W",
        "W is not in this product at all; x Wᵀ is computed beside it, in either case.",
    ),
)

# %% [markdown]
# ### Exercise 1 · The forward pass
#
# Write `lora_forward(x, W, A, B, alpha)`.
#
# - **Input:** tensors `x` (n, d_in), `W` (d_out, d_in), `A` (r, d_in), `B` (d_out, r), all of one floating dtype, and a
#   number `alpha`.
# - **Output:** a tensor (n, d_out): the result as if the weight were W + (α/r) B A.
# - **Without ever forming B A.** The hidden tests notice: in one of them that product is too large for the numbers that
#   hold it, while every step of the short way is harmless.
#
# <details><summary>Hint 1</summary>
#
# r is not an argument, but A knows it: `A.shape[0]`.
# </details>
# <details><summary>Hint 2</summary>
#
# Two paths, added: `x @ W.T`, and x through A, then through B.
# </details>
# <details><summary>Hint 3</summary>
#
# Mind the brackets: Python multiplies from left to right, so `x @ A.T @ B.T` is already `(x @ A.T) @ B.T`.
# </details>


# %% lora_forward
def lora_forward(x, W, A, B, alpha):
    """x (n, d_in) through the weight W + (alpha / r) B A, without forming B A."""
    ### BEGIN SOLUTION
    rank = A.shape[0]
    return x @ W.T + (alpha / rank) * (x @ A.T @ B.T)
    ### END SOLUTION


# %% test_lora_forward points=3
import torch

x = torch.tensor([[1.0, 2.0, 0.0]])
W = torch.zeros(4, 3)
A = torch.tensor([[2.0, 0.0, -1.0]])
B = torch.tensor([[1.0], [0.0], [3.0], [-1.0]])
found = lora_forward(x, W, A, B, 1)
assert isinstance(found, torch.Tensor), "Return the tensor that a layer would return: end with `return`."
assert found.shape == (1, 4), f"x has 1 row and W 4 rows, so the result is (1, 4); yours is {tuple(found.shape)}."
assert torch.allclose(found, torch.tensor([[2.0, 0.0, 6.0, -2.0]])), (
    "With W = 0 and alpha = r = 1 the result is x (B A)ᵀ: here x Aᵀ is 2, and B times that is 2, 0, 6, -2."
)
assert torch.allclose(lora_forward(x, W, A, B, 3), 3 * found), (
    "The adapter's part grows with alpha: tripled, it is 3 times as large."
)
assert torch.allclose(lora_forward(x, W + 1, A, B, 1), found + 3), (
    "Do not lose the frozen path: x Wᵀ is added to the adapter's part."
)
two = lora_forward(x, W, torch.cat([A, A]), torch.cat([B, B], 1), 1)
assert torch.allclose(two, found), "Divide alpha by the rank r, the number of *rows of A*: here r = 2."
### BEGIN HIDDEN TESTS
torch.manual_seed(4)
for n, d_in, d_out, r, alpha in [
    (5, 7, 3, 2, 4.0),
    (1, 4, 9, 3, 6),
    (6, 6, 6, 6, 0.5),
    (3, 2, 11, 1, 16),
    (4, 5, 5, 4, 8),
]:
    x, W = torch.randn(n, d_in), torch.randn(d_out, d_in)
    A, B = torch.randn(r, d_in), torch.randn(d_out, r)
    wanted = (x.double() @ (W.double() + alpha / r * B.double() @ A.double()).T).float()
    found = lora_forward(x, W, A, B, alpha)
    named = f"x {tuple(x.shape)}, W {tuple(W.shape)}, A {tuple(A.shape)}, B {tuple(B.shape)}, alpha {alpha}"
    assert found.shape == wanted.shape, (
        f"{named}: the result has shape {tuple(wanted.shape)}, not {tuple(found.shape)}."
    )
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-4), f"{named}: not x (W + (alpha / r) B A)ᵀ."
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):  # whole numbers: exact in each of them
    x, W = torch.randint(-2, 3, (3, 5)).to(dtype), torch.randint(-2, 3, (7, 5)).to(dtype)
    A, B = torch.randint(-2, 3, (2, 5)).to(dtype), torch.randint(-1, 2, (7, 2)).to(dtype)
    wanted = x.double() @ (W.double() + 2 * B.double() @ A.double()).T
    found = lora_forward(x, W, A, B, 4)
    assert torch.equal(found.double(), wanted), f"It should work for any floating dtype; {dtype} came out wrong."
x, W = torch.randn(4, 6, dtype=torch.float64), torch.randn(5, 6, dtype=torch.float64)
A, B = torch.randn(3, 6, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
assert torch.allclose(lora_forward(x, W, A, B, 6).double(), x @ (W + 2 * B @ A).T, rtol=1e-9, atol=1e-11), (
    "With float64 tensors the result is less precise than float64: do not convert to another dtype on the way."
)
huge = 1e200  # float64 ends at about 1e308: B A does not fit, x Aᵀ is about 1 and (x Aᵀ) Bᵀ about 1e200
x, W = torch.rand(2, 5, dtype=torch.float64) / huge, torch.rand(9, 5, dtype=torch.float64)
A, B = torch.rand(3, 5, dtype=torch.float64) * huge, torch.rand(9, 3, dtype=torch.float64) * huge
wanted = 2 * (x @ A.T) @ B.T
assert torch.allclose(lora_forward(x, W, A, B, 6), wanted, rtol=1e-6), (
    "You form B A, a matrix as large as W: here its entries overflow, though (x Aᵀ) Bᵀ is harmless. Take x through A first."
)
x, W = torch.randn(2, 300_000), torch.randn(4, 300_000)
A, B = torch.randn(3, 300_000), torch.randn(4, 3)
wanted = (x.double() @ W.double().T + 2 * (x.double() @ A.double().T) @ B.double().T).float()
assert torch.allclose(lora_forward(x, W, A, B, 6), wanted, rtol=1e-4, atol=0.05), (
    "A wide layer (d_in = 300,000) came out wrong: two thin products are all it needs."
)
### END HIDDEN TESTS

# %% [markdown]
# ### The library does the same
#
# **PEFT** is the library that everyone uses for this. `get_peft_model` walks through a model and replaces each target
# module by one that has an A and a B beside it. Compare one of its layers with your function. (In Qwen2 models q_proj also
# has a *bias*, a constant added to each output. It stays frozen too.)

# %% tags=["skip-execution"]
set_seed(4)
config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
adapted = get_peft_model(load_base(subject).model.float(), config).eval()  # init_lora_weights=False: B is random, too
layer = next(module for name, module in adapted.named_modules() if name.endswith("q_proj"))
print(layer, "\n")

x = torch.randn(32, layer.in_features, device=layer.weight.device)
A, B = layer.lora_A["default"].weight, layer.lora_B["default"].weight
try:
    with torch.no_grad():
        difference = layer(x) - (lora_forward(x, layer.weight, A, B, 16) + layer.bias)
    print(f"Largest difference between PEFT and your function: {difference.abs().max():.1e}")
except NotImplementedError:
    print("Solve exercise 1, then run this cell again.")
del adapted, layer

# %% [markdown]
# In float32 a difference around one in a million is rounding. The two are the same computation.

# %% [markdown]
# ## 2 · How large is an adapter?
#
# For one matrix: A has r × d_in numbers and B has d_out × r. Sum over the adapted matrices, and that is all. No other
# weight is trained.
#
# Play with it first. Find the adapter of the LoRA paper: GPT-3, modules q and v, rank 8. Then find a rank on the bundled
# model at which LoRA saves nothing.

# %% tags=["skip-execution"]
from course.rank_explorer import explore_rank

explore_rank()

# %% [markdown]
# ### Exercise 2 · Count the parameters
#
# Write `lora_params(shapes, rank)`.
#
# - **Input:** `shapes`, a list of `(d_out, d_in)` pairs of ints, one for each adapted matrix; and `rank`, an int.
# - **Output:** an int, the number of trainable parameters of the whole adapter. An empty list gives 0.
#
# <details><summary>Hint 1</summary>
#
# A matrix of (d_out, d_in) brings an A of (rank, d_in) and a B of (d_out, rank).
# </details>
# <details><summary>Hint 2</summary>
#
# `sum(... for d_out, d_in in shapes)` is 0 for an empty list, all by itself.
# </details>


# %% lora_params
def lora_params(shapes, rank):
    """Trainable parameters of one adapter over weight matrices of these (d_out, d_in) shapes."""
    ### BEGIN SOLUTION
    return sum(rank * (d_out + d_in) for d_out, d_in in shapes)
    ### END SOLUTION


# %% test_lora_params points=2
assert lora_params([(8, 4)], 2) is not None, "lora_params returned None: end it with `return`."
assert lora_params([(8, 4)], 2) == 24, "A is (2, 4) and B is (8, 2): 8 + 16 = 24 numbers. Add their sizes."
assert lora_params([(8, 4), (4, 4)], 2) == 40, "Sum over all matrices: 24 for the first and 16 for the second."
try:
    of_nothing = lora_params([], 2)
except Exception as error:
    raise AssertionError("An empty list gives 0 and must not crash: start your sum at 0.") from error
assert of_nothing == 0, "No matrices, no parameters: an empty list gives 0."
### BEGIN HIDDEN TESTS
import random

assert lora_params([(11_008, 4_096), (4_096, 4_096)], 16) == 372_736, "Rank 16: twice the rank, twice the parameters."
assert lora_params([(12_288, 12_288)] * 192, 8) == 37_748_736, "GPT-3's q and v at r = 8: 37,748,736."
assert lora_params([(1, 50_000)], 1) == 50_001, "A 1 × 50,000 matrix at rank 1: A has 50,000 and B has 1."
draw = random.Random(4)
for _ in range(30):
    shapes = [(draw.randint(1, 5_000), draw.randint(1, 5_000)) for _ in range(draw.randint(1, 8))]
    rank, wanted = draw.randint(1, 128), 0
    for d_out, d_in in shapes:
        wanted += rank * d_in + d_out * rank
    found = lora_params(shapes, rank)
    assert found == wanted, f"{shapes} at rank {rank}: {wanted:,} parameters, not {found:,}."
    assert type(found) is int, "A count is a whole number: return an int."
### END HIDDEN TESTS

# %% [markdown]
# Two adapters to check yourself against. GPT-3 has 96 layers and is 12,288 wide, and the paper adapts q and v. Qwen2.5 0.5B
# has 24 layers; its shapes stand in its [config.json](https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct/blob/main/config.json).

# %% tags=["skip-execution"]
gpt3 = [(12_288, 12_288)] * 2 * 96
attention = [(896, 896), (128, 896), (128, 896), (896, 896)]  # q, k, v, o
mlp = [(4_864, 896), (4_864, 896), (896, 4_864)]  # gate, up, down
try:
    print(f"GPT-3, q and v, rank 8:          {lora_params(gpt3, 8):>11,} of 175 billion")
    print(
        f"Qwen2.5 0.5B, all linear, rank 16: {lora_params((attention + mlp) * 24, 16):>9,} of {TIERS['t4'].parameters:,}"
    )
except NotImplementedError:
    print("Solve exercise 2, then run this cell again.")

# %% [markdown]
# ### On disk
#
# An adapter is saved as two files: its weights (`adapter_model.safetensors`) and a small `adapter_config.json`. The base
# is not in it. So the file should grow in proportion to the rank. Does it?

# %% tags=["skip-execution"]
megabytes, predicted = {}, {}
for rank in (1, 2, 4, 8, 16, 32, 64):
    small = get_peft_model(
        load_base(subject).model, LoraConfig(r=rank, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    weights = [parameter for parameter in small.parameters() if parameter.requires_grad]
    predicted[rank] = sum(parameter.numel() * parameter.element_size() for parameter in weights) / 1e6
    small.save_pretrained(folder / f"rank{rank}", save_embedding_layers=False)
    megabytes[rank] = (folder / f"rank{rank}" / "adapter_model.safetensors").stat().st_size / 1e6

whole_size = sum(parameter.numel() * parameter.element_size() for parameter in base.model.parameters()) / 1e6
fig, ax = figure(f"At rank 8 the adapter's file is {100 * megabytes[8] / whole_size:.2g} % of the base model's",
                 "rank r", "file size (MB)", size=(7.2, 3.4))  # fmt: skip
ax.plot(list(megabytes), list(megabytes.values()), "o", color=COLOURS["tuned"], markersize=8)
ax.plot(list(predicted), list(predicted.values()), color=COLOURS["tuned"], linewidth=1.4)
ax.axhline(whole_size, color=COLOURS["base"], linestyle="--", linewidth=1.4)
ax.text(1, whole_size * 1.12, "the base model", color=COLOURS["base"], fontweight="bold")
ax.text(
    64,
    megabytes[1],
    "dots: the files\nline: parameters × bytes each",
    color=COLOURS["tuned"],
    fontweight="bold",
    ha="right",
)
ax.set(xscale="log", yscale="log", ylim=(min(megabytes.values()) / 2, whole_size * 2))
ax.set_xticks(list(megabytes), [str(rank) for rank in megabytes])
ax.yaxis.set_major_formatter("{x:g}")
ax.minorticks_off()
table = "; ".join(f"rank {rank}: {size:.3g} MB" for rank, size in megabytes.items())
_ = show(fig, alt=f"Adapter file size by rank. {table}. The base model: {whole_size:.3g} MB.")
overhead = 1e6 * (megabytes[1] - predicted[1])
print(f"Each file is its numbers plus a header with their names: {overhead / 1e3:.0f} kB at rank 1.")

# %% [markdown]
# One base model and a shelf of adapters: that is how one machine serves many jobs. Mind the scale, though. On a tiny model
# an adapter is a noticeable share, because thin matrices are not that thin beside a small W. For GPT-3 the LoRA paper
# counts 35 MB in place of 350 GB, at rank 4 on q and v
# ([section 4.2](https://arxiv.org/abs/2106.09685)): a factor of ten thousand.

# %% [markdown]
# ## 3 · Why B starts at zero
#
# A and B have to start somewhere. PEFT draws A at random and sets **B to zero**. Before you see what that does, commit
# yourself twice.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "You put a fresh adapter (A random, B zero) on a model and ask it something. By how much do its outputs change?",
    Choice("A little, since A is random", "A feeds into B, and B multiplies everything by zero."),
    Choice("By exactly nothing", "B A is the zero matrix, whatever A is. See the next cell.", correct=True),
    Choice("By rounding errors, around one in a million", "Adding an exact zero rounds nothing. See the next cell."),
    Choice(
        "A lot: that is why the first steps of a training run have to be made with great care",
        "The first steps need care for another reason, AdamW's averages. The start itself is harmless.",
    ),
)

# %% tags=["skip-execution"]
# @title Quick check: predict again
quick_check(
    "Now the first backward pass. Which of the two matrices gets a gradient, so that the first step can move it?",
    Choice("A and B, both", "The gradient of A is computed *through* B. What is B, at the start?"),
    Choice(
        "Only A, as B is zero and has to wait",
        "The other way round. The gradient of B is computed from x Aᵀ, which is not zero.",
    ),
    Choice(
        "Neither, because a product with a zero in it has no slope",
        "Think of y = a·b at b = 0: its slope in a is b = 0, but its slope in b is a.",
    ),
    Choice("Only B", "Yes: the gradient of A is exactly zero. See the next cell.", correct=True),
)

# %% tags=["skip-execution"]
from course.data import triage_messages

rows = draw_tickets(16, seed=45).map(prompt_completion)
texts = [base.tokenizer.apply_chat_template(row["prompt"] + row["completion"], tokenize=False) for row in rows]
batch = base.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(base.model.device)
labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)


def with_adapter(start="B zero", rank=8):
    """A fresh adapter on a fresh base: A random and B zero, or another start."""
    set_seed(0)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM",
                        init_lora_weights=start != "both random")  # fmt: skip
    model = get_peft_model(load_base(subject).model.float(), config)
    if start == "both zero":
        for name, parameter in model.named_parameters():
            parameter.data = parameter.data * ("lora_A" not in name)
    return model


def gradient_norms(model):
    """The length of the gradient over all A together, and over all B."""
    model.zero_grad()
    loss = model(**batch, labels=labels, use_cache=False).loss
    loss.backward()
    squares = {"lora_A": 0.0, "lora_B": 0.0}
    for name, parameter in model.named_parameters():
        for kind in squares:
            if kind in name:
                squares[kind] += parameter.grad.square().sum().item()
    return loss.item(), squares["lora_A"] ** 0.5, squares["lora_B"] ** 0.5


model = with_adapter()
with torch.no_grad():
    plain = load_base(subject).model.float()(**batch).logits
    print("Largest change of any output:    ", (model(**batch).logits - plain).abs().max().item())
_, of_a, of_b = gradient_norms(model)
print("Length of the gradient of all A: ", of_a)
print("Length of the gradient of all B: ", of_b)

# %% [markdown]
# Not "about zero". Zero.
#
# Why? Write s for α/r and G for the gradient at the layer's output, one row a token. The chain rule gives
#
# > gradient of B = s · Gᵀ (x Aᵀ)
# >
# > gradient of A = s · (G B)ᵀ x
#
# With B = 0 the second is exactly zero, and the first is not. So the first step moves only B. From the second step on B is
# no longer zero, and A begins to learn as well. Watch it happen. And compare with two other starts: A and B *both* zero,
# and both random.

# %% tags=["skip-execution"]
curves, damage = {}, {}
for start in ("B zero", "both zero", "both random"):
    model = with_adapter(start)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=SETTINGS["lora"][1] / 3)
    curves[start], damage[start] = [], [perplexity(model, base.tokenizer, stories)]
    for _ in range(12):
        curves[start].append(gradient_norms(model))
        optimizer.step()
    damage[start].append(perplexity(model, base.tokenizer, stories))
del model, trained, optimizer

fig, (left, right) = figure("B moves first, A follows; zero and zero never move", columns=2, size=(8.4, 3.4))
steps = range(12)
for kind, index, color in (("gradient of B", 2, COLOURS["tuned"]), ("gradient of A", 1, COLOURS["hybrid"])):
    values = [point[index] for point in curves["B zero"]]
    left.plot(steps, values, "o-", color=color, markersize=4)
    label_line(left, steps, values, kind[-1], color)
left.set(xlabel="optimizer steps done (B starts at zero)", ylabel="length of the gradient", xlim=(-0.5, 12.5))
for start, color in (("B zero", COLOURS["tuned"]), ("both zero", COLOURS["base"]), ("both random", COLOURS["bad"])):
    losses = [point[0] for point in curves[start]]
    right.plot(steps, losses, "o-", color=color, markersize=4)
    label_line(right, steps, losses, start, color)
right.set(xlabel="optimizer steps done", ylabel="loss (nats per token)", xlim=(-0.5, 17))
right.set_ylim(0)
for ax in (left, right):
    ax.set_xticks((0, 4, 8, 12))
said = "; ".join(f"{start}: loss from {points[0][0]:.2f} to {points[-1][0]:.2f}" for start, points in curves.items())
first, second = curves["B zero"][0], curves["B zero"][1]
_ = show(
    fig,
    alt=f"Gradient of A {first[1]:.2g} at first, then {second[1]:.2g}; gradient of B {first[2]:.2g} at first. {said}.",
)
for start, (at_first, at_last) in damage.items():
    print(
        f"{start:<12} perplexity on stories that have nothing to do with tickets: {at_first:.3f} at the start, {at_last:.3f} after 12 steps"
    )

# %% [markdown]
# - **Both zero:** both gradients are zero, for ever. Nothing learns.
# - **Both random:** the adapter starts as noise in every layer, and the model is damaged before the first step. It soon
#   catches up on the tickets it trains on, here even faster, since a large B moves A from the first step on. But it hardly
#   repairs the rest: see its *perplexity* on stories (how surprised it is by ordinary text; lower is better).
# - **One zero, one random:** nothing is damaged, and learning starts at once. (A zero and B random would do, too. The paper
#   chose B.)

# %% [markdown]
# ## 4 · Alpha, rank and the learning rate
#
# The adapter's part is multiplied with α/r. What does that do that the *learning rate*, the size of a step, does not?
#
# Take a toy: one 4 × 3 matrix, rank 2, one AdamW step, the learning rate set so that α/r × learning rate is always the same.


# %% tags=["skip-execution"]
def first_change(alpha, learning_rate, rank=2):
    """How far the weight W + (alpha / rank) B A moves in the first step of AdamW."""
    torch.manual_seed(4)
    x, target = torch.randn(8, 3), torch.randn(8, 4)
    A, B = torch.randn(rank, 3, requires_grad=True), torch.zeros(4, rank, requires_grad=True)
    optimizer = torch.optim.AdamW([A, B], lr=learning_rate, weight_decay=0)
    ((alpha / rank * (x @ A.T) @ B.T - target) ** 2).mean().backward()
    optimizer.step()
    return (alpha / rank * B @ A).detach()


for alpha, learning_rate in [(2, 0.04), (4, 0.02), (8, 0.01), (8, 0.02)]:
    change = first_change(alpha, learning_rate)
    print(f"alpha {alpha}, learning rate {learning_rate:<4}: α/r × learning rate = {alpha / 2 * learning_rate:.2f}, "
          f"first row of the change {[round(value, 4) for value in change[0].tolist()]}")  # fmt: skip

# %% [markdown]
# The first three lines are the same. AdamW moves each number of B by about one learning rate, however large its gradient
# is, and then α/r scales what B does. So, at least in the beginning:
#
# > the weight moves in proportion to **α/r × learning rate**
#
# Alpha is not a second kind of knob. It is a second handle on the same one. (Later the two drift apart, since A moves by
# the learning rate as well.) Hence the habit that you meet everywhere: fix α = 2 r or α = 16 once, and tune the learning
# rate.
#
# **rsLoRA** ([Kalajdzievski 2023](https://arxiv.org/abs/2312.03732)) says that dividing by r is too much: as r grows, the
# adapter is turned down so far that high ranks learn no better than low ones. It divides by √r. In PEFT that is
# `use_rslora=True`.

# %% tags=["skip-execution"]
print(f"{'rank':>5}{'α = 16: α/r':>14}{'α = 16, rsLoRA: α/√r':>24}{'α = 2r: α/r':>14}")
for rank in (1, 4, 16, 64, 256):
    print(f"{rank:>5}{16 / rank:>14.3f}{16 / rank**0.5:>24.1f}{2 * rank / rank:>14.1f}")

# %% [markdown]
# ### Measure it: rank × learning rate
#
# Three ranks, three learning rates, and full fine-tuning beside them. Alpha is 16 for all ranks. Every run sees the same
# tickets in the same order.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Compared with full fine-tuning, the best learning rate for LoRA will be…",
    Choice(
        "about ten times higher",
        "That is what the studies below found, and what you will see. B starts at zero, and few numbers have to do all the moving.",
        correct=True,
    ),
    Choice(
        "about the same, since both minimise the same loss on the same tickets",
        "Same loss, other numbers to move: what one step of B does to W is another matter.",
    ),
    Choice("about ten times lower", "A common fear. Run it: at such a rate an adapter hardly moves."),
)

# %% tags=["skip-execution"]
for rate in (SETTINGS["full"][0], SETTINGS["full"][2]):
    fit("all weights", None, rate)
for rank in (1, 8, 64):
    for rate in SETTINGS["lora"]:
        config = LoraConfig(
            r=rank, lora_alpha=16, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        model = fit(f"LoRA rank {rank}", config, rate)
        model.save_pretrained(folder / f"rank{rank}-rate{rate:g}", save_embedding_layers=False)


# %% tags=["skip-execution"]
def best(prefix):
    """The run with the lowest validation loss among those whose name begins like this."""
    return min((run for run in runs if run["name"].startswith(prefix)), key=lambda run: run["loss"])


names = {"all weights": "base", "LoRA rank 1": "prompt", "LoRA rank 8": "tuned", "LoRA rank 64": "hybrid"}
of_lora = ", ".join(f"{best(name)['rate']:g}" for name in list(names)[1:])
fig, ax = figure(f"Best rate: {best('all weights')['rate']:g} for all weights; {of_lora} for LoRA",
                 "learning rate", "validation loss (nats per token)", size=(7.6, 3.8))  # fmt: skip
told = []
for name, color in names.items():
    points = sorted((run["rate"], run["loss"]) for run in runs if run["name"] == name)
    rates, losses = zip(*points, strict=True)
    ax.plot(rates, losses, "o-", color=COLOURS[color], label=name)
    told.append(f"{name}: " + ", ".join(f"{loss:.3f} at {rate:g}" for rate, loss in points))
ax.set(xscale="log", yscale="log")
ax.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.02), fontsize=9.5, handlelength=1.2, columnspacing=1.2)
low, high = ax.get_ylim()
ax.set_ylim(low * 0.9, high * 1.7)
_ = show(fig, alt="Validation loss by learning rate. " + "; ".join(told) + ".")
for name in names:
    run = best(name)
    print(
        f"{name:<13} best at rate {run['rate']:<6g} loss {run['loss']:.3f}, right {run['correct']:.0%}, {run['trained']:,} weights moved"
    )

# %% [markdown]
# Three things to read off:
#
# - **Each curve is a valley.** Too low a rate learns too little in this many steps, too high a rate breaks the model. The
#   learning rate matters more than the rank.
# - **The valley of LoRA lies further right** than that of full fine-tuning. Take over the learning rate of a full run, and
#   you may wrongly conclude that LoRA learns worse.
#   (With α fixed, the valleys of the three ranks lie close together.)
# - **Rank is capacity.** On a job as small as triage even rank 1 gets far, with a fraction of the weights.
#
# One warning. Here α is 16 for each rank. With the habit α = 2 r, rank 64 speaks eight times as loudly as here, and its
# valley moves to the left: change α, and you have to look for the learning rate again.
#
# ### What "LoRA without regret" found
#
# Your sweep is a small one. Thinking Machines ran a large one in 2025, on many Llama and Qwen models
# ([Schulman et al., *LoRA Without Regret*](https://thinkingmachines.ai/blog/lora/)):
#
# | they found | what you do |
# |---|---|
# | On small and medium instruction data, LoRA learns as fast and as far as full fine-tuning. | Start with LoRA. |
# | It falls behind where the data holds more than the adapter can: rank is capacity. | Raise the rank for large data sets. |
# | Adapters on attention alone do worse, even with the same number of parameters. | Adapt **all linear layers**, the MLP above all. |
# | The best learning rate is about **ten times** that of full fine-tuning, and hardly depends on the rank (they keep α fixed at 32); in very short runs about fifteen. | Multiply by ten, then sweep. |
# | LoRA suffers more than full fine-tuning from very large batches, at any rank. | Prefer **small batches**. |
#
# ### What it costs: learns less, forgets less
#
# The other side of the coin is *LoRA Learns Less and Forgets Less* ([Biderman et al. 2024](https://arxiv.org/abs/2405.09673)).
# They trained a 7B model on code and mathematics, up to 20 billion tokens. LoRA learned substantially less than full
# fine-tuning there, in the usual low-rank settings. And it forgot less of what the model knew before. The changes that
# full fine-tuning made had a rank 10 to 100 times that of a typical adapter: much to learn takes many patterns.
#
# The two studies agree on the main point: the more there is to learn, the sooner a small adapter runs out of room. Your job
# is a small one. Does LoRA forget less here? Every run above also measured perplexity on the little stories that have nothing to do with
# tickets.

# %% tags=["skip-execution"]
untouched = perplexity(base.model, base.tokenizer, stories)
useful = [run for run in runs if run["correct"] >= 0.2 and run["name"] in names]
fig, ax = figure("What was learned, and what was forgotten", "tickets with all fields right (%)",
                 "perplexity on stories", size=(7.2, 3.8), grid="both")  # fmt: skip
for run in useful:
    ax.plot(100 * run["correct"], run["general"], "o", markersize=9, color=COLOURS[names[run["name"]]], alpha=0.85)
for name, color in names.items():
    ax.plot([], [], "o", color=COLOURS[color], label=name)
ax.axhline(untouched, color=COLOURS["base"], linestyle="--", linewidth=1.4)
ax.set_xlim(0, 108)
ax.text(
    1, untouched, "the base, before training\n", color=COLOURS["base"], fontweight="bold", va="bottom", linespacing=0.4
)
ax.legend(loc="upper left")
table = "; ".join(
    f"{run['name']} at {run['rate']:g}: {run['correct']:.0%} right, perplexity {run['general']:.3g}" for run in useful
)
_ = show(fig, alt=f"Skill and forgetting of each run. The base: perplexity {untouched:.3g}. {table}.")

# %% [markdown]
# Every dot is one run of the sweep; those that learned next to nothing are left out. Compare dots of about the same skill
# (far right). Freezing W is no insurance: an adapter that is driven at a high rate makes a large change, and a large change
# forgets, with or without LoRA. If two rates teach the job equally well, take the lower one. Lesson 7 measures forgetting
# properly.
#
# ### Which modules?
#
# The LoRA paper adapted q and v, two of the four attention matrices. So did most tutorials after it. Put it to the test, at
# the same number of parameters: q and v at a rank chosen to match all linear layers at rank 4.


# %% tags=["skip-execution"]
def shapes_of(model, suffixes):
    """(d_out, d_in) of every layer whose name ends in one of the suffixes."""
    return [tuple(module.weight.shape) for name, module in linear_layers(model).items() if name.endswith(suffixes)]


def count(shapes, rank):
    """Parameters of an adapter, as in exercise 2."""
    return sum(rank * (d_out + d_in) for d_out, d_in in shapes)


narrow, everywhere = shapes_of(base.model, ("q_proj", "v_proj")), shapes_of(base.model, ("_proj",))
matched = round(count(everywhere, 4) / count(narrow, 1))
choices = [("all linear layers", "all-linear", 4), ("q and v only", ["q_proj", "v_proj"], matched)]
for name, modules, rank in choices:
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=modules, task_type="CAUSAL_LM")
    fit(f"{name}, r={rank}", config, SETTINGS["lora"][1])

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "An adapter on q and v learns too little. You have room for twice as many parameters. What do you try first?",
    Choice(
        "Double its rank",
        "More patterns in the same two matrices. The studies found that this does not make up for the missing layers.",
    ),
    Choice(
        "Adapt the other linear layers as well",
        "Yes: where the adapter sits mattered more than how large it is.",
        correct=True,
    ),
    Choice(
        "Double alpha, so that the adapter counts for more beside the frozen weights",
        "That is the learning rate by another name, and needs no parameters at all.",
    ),
)

# %% [markdown]
# **DoRA** ([Liu et al. 2024](https://arxiv.org/abs/2402.09353)) is a relative that you will meet. It splits each weight
# matrix into the *length* of its rows and their *direction*, trains the lengths as numbers of their own, and lets LoRA
# change the directions. It costs a few more parameters, one for each output of a layer, and more time. In PEFT it is
# `use_dora=True`:

# %% tags=["skip-execution"]
for use_dora in (False, True):
    variant = get_peft_model(load_base(subject).model, LoraConfig(
        r=8, target_modules="all-linear", task_type="CAUSAL_LM", use_dora=use_dora))  # fmt: skip
    print(f"use_dora={use_dora!s:<6}{variant.get_nb_trainable_parameters()[0]:>10,} parameters")

# %% [markdown]
# ## 5 · What is in a trained adapter?
#
# You declared a rank. Did the adapter use it? The product B A has *at most* rank r, and it can have less. A fresh adapter,
# with B = 0, has rank 0. The grader of lesson 6 looks at this number, too: a file whose rank is larger than its
# configuration says has been tampered with.
#
# Computing a rank takes care. In exact arithmetic a pattern is there or not. In floating point, rounding leaves a little
# dirt in every direction, so "rank" means: the number of singular values above a small threshold. The threshold depends on
# the precision. So compute in float64, where the dirt is finest, *and from the first multiplication on*.
#
# ### Exercise 3 · The effective rank
#
# Write `effective_rank(A, B)`.
#
# - **Input:** tensors `A` (r, d_in) and `B` (d_out, r) of any floating dtype.
# - **Output:** an int, the numerical rank of B A, computed in float64 at the default tolerance of
#   `torch.linalg.matrix_rank`.
#
# <details><summary>Hint 1</summary>
#
# `A.double()` makes a float64 copy. Convert before you multiply, not after.
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.linalg.matrix_rank` returns a tensor; `int(...)` makes a Python int of it.
# </details>


# %% effective_rank
import torch


def effective_rank(A, B):
    """Numerical rank of B A, in float64."""
    ### BEGIN SOLUTION
    return int(torch.linalg.matrix_rank(B.double() @ A.double()))
    ### END SOLUTION


# %% test_effective_rank points=2
import torch

A = torch.tensor([[2.0, 0.0, -1.0], [4.0, 0.0, -2.0]])
B = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 1.0], [-1.0, 2.0]])
found = effective_rank(A, B)
assert found is not None, "effective_rank returned None: end it with `return`."
assert type(found) is int, "Return a Python int: wrap the result in int(...)."
assert found == 1, (
    "The second row of A is twice the first: declared rank 2, one pattern. Do not read the rank off a shape."
)
assert effective_rank(A, torch.zeros(4, 2)) == 0, "With B = 0 the product is zero: rank 0, like every fresh adapter."
assert effective_rank(torch.eye(2, 3), B) == 2, "Two independent patterns here: rank 2."
try:
    of_halves = effective_rank(A.half(), B.half())
except Exception as error:
    raise AssertionError(
        "Adapters are often stored in 16 bit, where no rank can be computed: use .double() first."
    ) from error
assert of_halves == 1, "Adapters are often stored in 16 bit: convert with .double() before you multiply."
### BEGIN HIDDEN TESTS
A, B = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1e-9, 0.0, 0.0, 0.0]]), torch.eye(6, 2)
assert effective_rank(A, B) == 2, (
    "The second pattern is a billion times weaker than the first: float64 sees it, float32 takes it for rounding."
)
A, B = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 0.0], [0.0, 5.0]])
assert effective_rank(A, B) == 0, (
    "A has rank 1 and B has rank 1, but their patterns miss each other: look at the product B A."
)
torch.manual_seed(5)
for d_out, d_in, r, true_rank in [(9, 30, 4, 2), (40, 12, 5, 3), (25, 25, 6, 6), (3, 50, 8, 3), (64, 48, 16, 1)]:
    rows = torch.randn(true_rank, d_in)
    A, B = rows[[number % true_rank for number in range(r)]], torch.randn(d_out, r)
    for scale in (1.0, 2.0**-40):
        assert effective_rank(A * scale, B) == true_rank, (
            f"A {tuple(A.shape)} with {true_rank} different rows, times {scale:.2g}: the rank is {true_rank}. Multiply in "
            "float64 (float32's rounding looks like more patterns), and measure small values against the largest."
        )
A = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
    assert effective_rank(A.to(dtype), torch.eye(5, 2).to(dtype)) == 2, (
        f"It should work for any floating dtype, {dtype} too."
    )
### END HIDDEN TESTS

# %% tags=["skip-execution"]
from safetensors.torch import load_file

try:
    for rank in (1, 8, 64):
        tensors = load_file(
            folder / f"rank{rank}-rate{best(f'LoRA rank {rank}')['rate']:g}" / "adapter_model.safetensors"
        )
        pairs = [(tensors[name], tensors[name.replace("lora_A", "lora_B")]) for name in tensors if "lora_A" in name]
        found = [effective_rank(A, B) for A, B in pairs]
        print(f"Declared rank {rank:>2}: effective rank {min(found)} to {max(found)} over {len(found)} matrices")
except NotImplementedError:
    print("Solve exercise 3, then run this cell again.")

# %% [markdown]
# ## 6 · Merging: an adapter that costs nothing to run
#
# Beside W, the adapter costs two more products in every layer. But x Wᵀ + (α/r) (x Aᵀ) Bᵀ is linear, so you can also add
# the change into the weight, once, and throw A and B away. The merged model has the shape and speed of the base.
#
# ### Exercise 4 · Merge
#
# Write `merge(W, A, B, alpha)`.
#
# - **Input:** tensors `W` (d_out, d_in), `A` (r, d_in), `B` (d_out, r) of one floating dtype, and a number `alpha`.
# - **Output:** a new tensor (d_out, d_in): W + (α/r) B A. **W itself stays as it is**: other adapters share it.
#
# (Here you do form B A. You do it once, not for every token.)
#
# <details><summary>Hint 1</summary>
#
# `B @ A` has the shape of W. `A @ B` has not, unless you are unlucky.
# </details>
# <details><summary>Hint 2</summary>
#
# `W + ...` makes a new tensor. `W += ...` and `W.add_(...)` change the one you were given.
# </details>


# %% merge
def merge(W, A, B, alpha):
    """The weight that computes what W and its adapter compute together; W itself is left alone."""
    ### BEGIN SOLUTION
    return W + (alpha / A.shape[0]) * (B @ A)
    ### END SOLUTION


# %% test_merge points=2
import torch

square = merge(torch.zeros(2, 2), torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0], [2.0]]), 1)
assert isinstance(square, torch.Tensor), "Return the merged weight: end with `return`."
assert torch.allclose(square, torch.tensor([[1.0, 3.0], [2.0, 6.0]])), (
    "B = [[1], [2]] times A = [[1, 3]] is [[1, 3], [2, 6]]: multiply B @ A, in this order."
)
W = torch.ones(4, 3)
A = torch.tensor([[2.0, 0.0, -1.0]])
B = torch.tensor([[1.0], [0.0], [3.0], [-1.0]])
before = W.clone()
found = merge(W, A, B, 1)
assert torch.equal(W, before), "W was changed in place: other adapters share it. Use W + ..., not W += ..."
assert found.shape == W.shape, f"The merged weight has W's shape (4, 3); yours has {tuple(found.shape)}."
assert torch.allclose(found - W, torch.tensor([[2.0, 0, -1], [0, 0, 0], [6, 0, -3], [-2, 0, 1]])), (
    "With alpha = r = 1 the change is B A, added to W: compare with the table in section 1."
)
assert torch.allclose(merge(W, A, B, 5) - W, 5 * (found - W)), "The change grows with alpha."
two = merge(W, torch.cat([A, A]), torch.cat([B, B], 1), 1)
assert torch.allclose(two, found), "Divide alpha by the rank r, the number of *rows of A*: here r = 2."
### BEGIN HIDDEN TESTS
torch.manual_seed(6)
for d_out, d_in, r, alpha in [(7, 3, 2, 4.0), (3, 8, 4, 1), (6, 6, 3, 12), (5, 5, 5, 0.5), (1, 9, 2, 32)]:
    W, A, B = torch.randn(d_out, d_in), torch.randn(r, d_in), torch.randn(d_out, r)
    wanted = (W.double() + alpha / r * B.double() @ A.double()).float()
    found = merge(W, A, B, alpha)
    named = f"W {tuple(W.shape)}, A {tuple(A.shape)}, B {tuple(B.shape)}, alpha {alpha}"
    assert found.shape == wanted.shape, f"{named}: the merged weight has shape {tuple(wanted.shape)}."
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-4), f"{named}: not W + (alpha / r) B A."
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):  # whole numbers: exact in each of them
    W, A = torch.randint(-4, 5, (5, 4)).to(dtype), torch.randint(-2, 3, (2, 4)).to(dtype)
    B = torch.randint(-2, 3, (5, 2)).to(dtype)
    assert torch.equal(merge(W, A, B, 4).double(), W.double() + 2 * B.double() @ A.double()), (
        f"It should work for any floating dtype; {dtype} came out wrong."
    )
W = torch.randn(4, 6)
assert torch.allclose(merge(W, torch.randn(2, 6), torch.zeros(4, 2), 16), W), (
    "A fresh adapter (B = 0) merges into W itself."
)
### END HIDDEN TESTS

# %% [markdown]
# PEFT does this with `merge_and_unload()`. Is the merged model the same one? Compare the adapter of your sweep with its
# merged self, on 100 tickets: the largest difference of any output, and the answers themselves (always the likeliest token,
# so that no dice are involved). Then again with the merged weights rounded to bfloat16, a common 16-bit format.

# %% tags=["skip-execution"]
import copy

from course.models import generate

saved = folder / f"rank8-rate{best('LoRA rank 8')['rate']:g}"
tuned = PeftModel.from_pretrained(load_base(subject).model.float(), saved).eval()
merged = copy.deepcopy(tuned).merge_and_unload()
rounded = copy.deepcopy(merged).to(torch.bfloat16).float()  # the weights lose bits; the computation stays in float32
questions = [triage_messages(ticket["text"]) for ticket in fresh]


def say(model):
    """Answer the fresh tickets with the likeliest tokens; return the answers and the seconds they took."""
    begin = time.perf_counter()
    answers = generate(model, base.tokenizer, questions, temperature=0)
    return answers, time.perf_counter() - begin


say(tuned)  # warm up
with torch.no_grad():
    outputs = tuned(**batch).logits
answers, seconds = say(tuned)
print(f"{'adapter beside W':<24} {seconds:.2f} s for {len(answers)} answers; outputs up to {outputs.abs().max():.0f}")
for name, model in (("merged, float32", merged), ("merged, bfloat16 weights", rounded)):
    with torch.no_grad():
        difference = (model(**batch).logits - outputs).abs().max().item()
    others, seconds = say(model)
    equal = sum(one == other for one, other in zip(answers, others, strict=True))
    print(
        f"{name:<24} {seconds:.2f} s; outputs differ by at most {difference:.1e}; {equal} of {len(answers)} answers equal"
    )

# %% [markdown]
# In float32 merging is exact up to rounding, and the merged model is faster. In 16 bits each weight is rounded once more:
# the outputs move much further, although the answers may well stay the same. So keep the adapter file even when you ship the
# merged model. And a 4-bit base is another story: lesson 8.
#
# So why not always merge? Because an adapter beside W can be switched. One base in memory, many adapters, another one
# for every request: try that with merged models.

# %% tags=["skip-execution"]
with tuned.disable_adapter():
    without, _ = say(tuned)
number = next((i for i in range(100) if without[i] != answers[i]), 0)  # a ticket on which the two differ
print("Ticket:      ", fresh[number]["text"])
print("Adapter on:  ", answers[number])
print("Adapter off: ", without[number])

# %% [markdown]
# ## 7 · PEFT in practice
#
# You have used all of it by now. In one place:
#
# | you want | you write |
# |---|---|
# | describe an adapter | `config = LoraConfig(r=..., lora_alpha=..., target_modules=..., task_type="CAUSAL_LM")` |
# | put it on a model | `model = get_peft_model(base, config)`, or give `peft_config=config` to `SFTTrainer` |
# | see how large it is | `model.print_trainable_parameters()` |
# | save only the adapter | `model.save_pretrained("adapter")` |
# | load it again | `PeftModel.from_pretrained(base, "adapter")` |
# | switch it off for a while | `with model.disable_adapter(): ...` |
# | merge it | `model.merge_and_unload()` |
#
# Two defaults of `LoraConfig` deserve your attention. Without `target_modules` PEFT picks modules by the model's type, for
# many models only attention. And `lora_alpha` is 8 whatever the rank, so a rank of 64 would be turned down to 1/8.

# %% tags=["skip-execution"]
default = LoraConfig(task_type="CAUSAL_LM")
small = get_peft_model(load_base(subject).model, default)
print(
    "PEFT's own defaults: r =",
    default.r,
    "  lora_alpha =",
    default.lora_alpha,
    "  lora_dropout =",
    default.lora_dropout,
)
print(
    "Modules it picks here:",
    sorted({name.rsplit(".", 1)[-1] for name, module in small.named_modules() if hasattr(module, "lora_A")}),
)
small.print_trainable_parameters()

# %% [markdown]
# ### Exercise 5 · The configuration of this course
#
# Write `lora_config(rank)`.
#
# - **Input:** `rank`, a positive int.
# - **Output:** a `peft.LoraConfig` of this rank for a causal language model, on **all linear layers** of the model (the seven
#   `_proj` matrices of each layer in Qwen2, and not the output layer `lm_head`), with alpha = 2 × rank, no bias, dropout
#   0.05, and everything else at PEFT's defaults.
#
# Lesson 6 trains with it. Any value of `target_modules` that adapts the same modules is right.
#
# <details><summary>Hint 1</summary>
#
# `help(LoraConfig)` lists the fields. You need r, lora_alpha, target_modules, lora_dropout and task_type. What is the
# default of bias?
# </details>
# <details><summary>Hint 2</summary>
#
# PEFT knows the string `"all-linear"`: every linear layer but the output.
# </details>


# %% lora_config
from peft import LoraConfig


def lora_config(rank):
    """The course's adapter: all linear layers, alpha = 2 × rank, dropout 0.05."""
    ### BEGIN SOLUTION
    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        lora_dropout=0.05,
        task_type="CAUSAL_LM",
    )
    ### END SOLUTION


# %% test_lora_config points=2
found = lora_config(8)
assert type(found).__name__ == "LoraConfig", "Return a LoraConfig from peft, not a dict or a model."
assert found.r == 8, "r is the rank that you are given."
assert found.lora_alpha == 16, "alpha is twice the rank: 16 for rank 8."
assert lora_config(32).lora_alpha == 64 and lora_config(32).r == 32, "alpha follows the rank: 64 for rank 32."
assert found.task_type == "CAUSAL_LM", (
    'Name the task: task_type="CAUSAL_LM". Without it PEFT does not know how the model is used.'
)
assert abs(found.lora_dropout - 0.05) < 1e-9, "Set lora_dropout=0.05: PEFT's default is 0."
assert found.bias == "none", "No bias is trained: leave bias at its default."
### BEGIN HIDDEN TESTS
import logging

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # PEFT imports it, and it logs what it was built without
from peft import LoraConfig

defaults = {name.lstrip("_"): value for name, value in vars(LoraConfig()).items()}
asked = {"r", "lora_alpha", "target_modules", "lora_dropout", "task_type", "bias"}
for rank in (1, 3, 64):
    fields = {name.lstrip("_"): value for name, value in vars(lora_config(rank)).items()}
    assert fields["r"] == rank and fields["lora_alpha"] == 2 * rank, (
        f"Rank {rank}: r is {rank} and alpha is {2 * rank}."
    )
    plain = (type(None), bool, int, float, str, list, dict)
    changed = sorted(
        name for name, value in fields.items()
        if name in defaults and name not in asked and isinstance(defaults[name], plain) and value != defaults[name]
    )  # fmt: skip
    assert not changed, f"Leave everything else at PEFT's defaults; you changed {', '.join(changed)}."
### END HIDDEN TESTS

# %% test_lora_config_modules points=2
target = lora_config(4).target_modules
assert target is not None, (
    'Name the modules: target_modules="all-linear". Left out, PEFT picks attention alone for many models.'
)
assert isinstance(target, str) or len(target) > 2, (
    "q and v alone are the paper's choice; all linear layers are asked for."
)
assert "lm_head" not in target, (
    "The output layer lm_head is not adapted: it is not among the linear layers inside the model."
)
### BEGIN HIDDEN TESTS
import logging
import re
import warnings

from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # PEFT imports it, and it logs what it was built without
simple = not isinstance(target, str) or not (re.search(r"\)[*+?{]", target) or sum(map(target.count, "*+{")) > 4)
assert simple, "Name the modules by 'all-linear', by a list of names or by a simple pattern."


def adapted_by(modules):
    tiny = Qwen2Config(
        vocab_size=8,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = get_peft_model(
                Qwen2ForCausalLM(tiny), LoraConfig(r=2, target_modules=modules, task_type="CAUSAL_LM")
            )
        except ValueError:  # no module of that name
            return set()
    return {
        name.removeprefix("base_model.model.") for name, module in model.named_modules() if hasattr(module, "lora_A")
    }


wanted, found = adapted_by("all-linear"), adapted_by(target if isinstance(target, str) else sorted(target))
missing = sorted({name.rsplit(".", 1)[-1] for name in wanted - found})
extra = sorted({name.rsplit(".", 1)[-1] for name in found - wanted})
assert not missing, f"Not all linear layers are adapted. These stay frozen: {', '.join(missing)}."
assert not extra, f"More than the linear layers inside the model is adapted: {', '.join(extra)}."
### END HIDDEN TESTS

# %% [markdown]
# Your configuration at work, on a model of this size:

# %% tags=["skip-execution"]
try:
    yours = get_peft_model(load_base(subject).model, lora_config(8))
    yours.print_trainable_parameters()
    print(
        "adapted:",
        sorted({name.rsplit(".", 1)[-1] for name, module in yours.named_modules() if hasattr(module, "lora_A")}),
    )
except NotImplementedError:
    print("Solve exercise 5, then run this cell again.")

# %% [markdown]
# ## Takeaways
#
# - **The change that a job needs is nearly of low rank.** LoRA trains only such changes: W stays frozen, and (α/r) B A is
#   added beside it.
# - **Take x through A first.** Nothing as large as W is ever formed.
# - **r × (d_in + d_out) parameters** for each matrix. An adapter is a file of megabytes beside a base of gigabytes.
# - **B starts at zero:** a fresh adapter changes nothing, exactly, and the first step moves B alone.
# - **α/r × learning rate** is what counts. Fix alpha; sweep the learning rate, from about ten times that of full
#   fine-tuning.
# - **All linear layers, small batches, and more rank only for more data.**
# - **Merging costs nothing in float32,** rounds in 16 bits, and gives up switching.

# %% tags=["skip-execution"]
print(f"This notebook has been at work for {(time.perf_counter() - started) / 60:.1f} minutes, your reading included.")

# %% [markdown]
# ## Knowledge check
#
# Eight questions; 80 % marks the lesson complete.

# %% tags=["skip-execution"]
# @title Knowledge check
import course

course.knowledge_check(
    "lesson04_lora",
    Question(
        "W is 1,000 × 3,000 and r = 4. How many parameters does its adapter have?",
        Choice("12,000", "That is A alone, 4 × 3,000. B has 1,000 × 4 more."),
        Choice("16,000", "Yes: 4 × (1,000 + 3,000).", correct=True),
        Choice(
            "3,000,000, as the change B A has the shape of W",
            "It has that shape, but only its factors are stored and trained.",
        ),
        Choice("12,000,000", "That multiplies where it should add."),
    ),
    Question(
        'A colleague sets both A and B to zero, "to be safe". What happens?',
        Choice("Training starts a little slower", "It does not start at all."),
        Choice(
            "The first step moves B only, as it always does",
            "The gradient of B is computed from x Aᵀ, and that is zero now.",
        ),
        Choice(
            "Nothing is ever learned",
            "Yes: each gradient contains the other matrix as a factor, and both are zero.",
            correct=True,
        ),
    ),
    Question(
        "You double alpha and halve the learning rate. What happens to the first step of AdamW?",
        Choice("The weight moves as far as before", "Yes: α/r × learning rate is unchanged.", correct=True),
        Choice(
            "The weight moves twice as far, because alpha scales the output",
            "It does, and the halved rate takes that back.",
        ),
        Choice("The weight moves half as far", "The doubled alpha makes up for the rate."),
    ),
    Question(
        "You take over a recipe for full fine-tuning with learning rate 2e-5. Where do you begin with LoRA?",
        Choice(
            "At 2e-6, because the new matrices are small and easily pushed too far",
            "That goes the wrong way: the adapter would hardly move.",
        ),
        Choice("At 2e-5", "Safe, slow, and the usual reason why people find that LoRA does not work."),
        Choice("At 2e-2", "A thousandfold would very likely diverge."),
        Choice("At about 2e-4, and sweep from there", "Yes: about ten times the rate.", correct=True),
    ),
    Question(
        'Which adapter does "LoRA without regret" recommend?',
        Choice(
            "Attention only, at a higher rank, so that the number of parameters stays the same",
            "They tested this, and it did worse.",
        ),
        Choice("All linear layers", "Yes, and the MLP matters most.", correct=True),
        Choice("q and v, as in the paper", "The paper tested attention only. Later work went further."),
        Choice("The output layer", "It is usually left alone."),
    ),
    Question(
        "You must teach a model a new programming language from 20 billion tokens. What does arXiv 2405.09673 suggest?",
        Choice(
            "LoRA will learn less than full fine-tuning, and forget less",
            "Yes. Large jobs need changes of high rank.",
            correct=True,
        ),
        Choice(
            "LoRA will learn as much as full fine-tuning, at a hundredth of the trained weights",
            "That holds for small and medium data, not for continued pre-training.",
        ),
        Choice("LoRA will forget more", "They measured the opposite."),
    ),
    Question(
        "An adapter with r = 16 has effective rank 0 in every layer. What do you conclude?",
        Choice("It has converged", "A trained adapter has some pattern in B A."),
        Choice("Its learning rate was too high", "Then B A would be large, not zero."),
        Choice(
            "B is still zero: it was never trained, or the wrong file was saved",
            "Yes: B A = 0 is the mark of a fresh adapter.",
            correct=True,
        ),
    ),
    Question(
        "Twenty customers have an adapter each, on one base. Their requests arrive mixed. Merge or not?",
        Choice(
            "Merge all twenty into one weight, since the changes simply add up",
            "They add up to a model that does a bit of everyone's job, and nobody's.",
        ),
        Choice(
            "Merge each, and load the model that a request needs",
            "Twenty whole models, and one of them loaded for each request.",
        ),
        Choice("Do not merge", "Yes: one base in memory, and each request takes its own adapter.", correct=True),
    ),
    pass_mark=0.8,
)

# %% tags=["skip-execution"]
course.progress()

# %% [markdown]
# ## What comes next
#
# You train a small part of the weights now. But the frozen part still sits in memory, in 16 or 32 bits each: for a 7B model
# that is 14 GB or more before anything is trained, and a free T4 has 15. **Lesson 5** squeezes the frozen weights into
# 4 bits, and shows why an adapter can learn through them.
