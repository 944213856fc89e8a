# %% [markdown]
# # Lesson 4 · LoRA from first principles
#
# **Where lesson 3 left you.** The data is ready: clean, masked, split, without duplicates. Now the model has to learn from
# it. Training *all* of its weights would work. It would also store every weight again, for each of Juniper's three jobs,
# and need a machine that holds several numbers for each weight while it trains. Today you train about a twentieth of that,
# and see how close it comes.
#
# **After this lesson you can**
#
# 1. write the forward pass of LoRA by hand, and say what rank, alpha and target modules do in it;
# 2. predict how many parameters an adapter has, and how large its file is;
# 3. explain why B starts at zero, and what the first step of training changes;
# 4. configure LoRA in PEFT, choose its learning rate, and merge the result into the base model.
#
# **Time and hardware.** About 90 minutes of yours. The machine computes for three to four of them on two CPU cores, with no GPU (a
# cell after the takeaways says how long yours took). The long wait is the sweep in section 4. With a GPU the same cells train a
# larger model; plan 20 minutes of computing on a free T4 (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# A language model is a stack of layers, and most of each layer is a handful of matrices of weights. *Full fine-tuning*
# moves every weight of every matrix. Let us count what that takes.
#
# While you train, each weight needs four numbers, of four bytes each: the weight itself, its gradient (which way to move
# it), and the two running averages that the optimizer AdamW keeps for it. That is 16 bytes a weight, before the first
# ticket is read. (That is plain 32-bit training. Other recipes need 8 to 16 bytes: lesson 5 has them.) And when you are done, a
# job's result is a whole model again.

# %% tags=["skip-execution"]
import time

from course.models import TIERS, load_base

started = time.process_time()
subject = TIERS["t4"] if tier.name == "t4-large" else tier  # full fine-tuning of 7B fits on no small GPU: see below
base = load_base(subject)

models = [("the bundled model", TIERS["bundled"].parameters), ("Qwen2.5 0.5B", TIERS["t4"].parameters),
          ("Mistral 7B", TIERS["t4-large"].parameters), ("GPT-3", 175_000_000_000)]  # fmt: skip
print(f"{'':22}{'weights':>17}{'to train all of it':>22}{'results of 3 jobs, in 16 bit':>32}")
for name, count in models:
    print(f"{name:22}{count:>17,}{16 * count / 1e9:>19,.2f} GB{3 * 2 * count / 1e9:>29,.2f} GB")

# %% [markdown]
# (The 175 billion weights are from [Brown et al. 2020](https://arxiv.org/abs/2005.14165).) A free T4 has 15 GB, so training
# all of a 7B model is out of the question there. But must all of it change?
#
# ### Which matrices are there?
#
# Each layer of our models has two blocks. *Attention* lets a token look at earlier ones; its matrices are `q_proj`, `k_proj`,
# `v_proj` and `o_proj`. The *MLP* then works on each token alone; its matrices are `gate_proj`, `up_proj` and `down_proj`. These
# seven are the layer's **linear layers**. After the last layer, `lm_head` turns the result into scores for the next token. The
# **target modules** of an adapter, later, are the matrices that it changes.
#
# ### What does full fine-tuning change?
#
# On a small model you can look. The next cell trains **all** weights on the triage job: the ticket alone as prompt, one
# JSON object as completion. It also defines `fit`, which every experiment of this lesson uses: with a LoRA configuration it trains
# an adapter, and with `None` it trains everything. Read `SETTINGS` and the call of `SFTTrainer`; the rest is housekeeping.

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

SETTINGS = {  # by model: how long a run is, and three learning rates each, a factor of ten apart
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


before = measure_triage(base.model, base.tokenizer, fresh)  # 100 tickets, one run: differences of 5 points mean nothing
print(f"{'base':<69} right {before.correct:4.0%}")
whole = fit("all weights", None, SETTINGS["full"][1])

# %% [markdown]
# It learned. Now look at the *change*: for every matrix, the weights after training minus the weights before. Call it
# ΔW ("delta W").
#
# A matrix of 192 × 192 numbers (the bundled model's q_proj) could hold 192 independent patterns. There is a standard way to list
# the patterns in a matrix from the strongest to the weakest, the *singular value decomposition* (SVD); the strength of each pattern
# is its *singular value*. Keep only the strongest r of them and you have the best possible approximation of **rank** r: a matrix that
# contains only r independent patterns.
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
    Choice("Most of it", "Run the next cell: a few patterns carry nearly all that matters to this job.", correct=True),
)

# %% tags=["skip-execution"]
from course.figures import show
from course.pictures.lora import draw_kept


def linear_layers(model):
    """The matrices inside the layers of a model, by name."""
    return {name: module for name, module in model.named_modules() if name.endswith("_proj")}


after = {name: module.weight.detach() for name, module in linear_layers(whole).items()}
probe = load_base(subject).model.float()
original = {name: module.weight.detach().clone() for name, module in linear_layers(probe).items()}
parts = {name: torch.linalg.svd(after[name] - original[name], full_matrices=False) for name in original}

right, held = (
    {},
    {},
)  # by rank: tickets right, and the share of the change (its squared numbers) that is left, in per cent
for rank in (0, 1, 2, 4, 8, 16, 32):
    for name, module in linear_layers(probe).items():
        U, S, V = parts[name]  # S: the strengths, strongest first; U and V: the patterns
        module.weight.data = original[name] + U[:, :rank] * S[:rank] @ V[:rank]
    right[rank] = 100 * measure_triage(probe, base.tokenizer, fresh).correct
    shares = [(S[:rank] ** 2).sum() / (S**2).sum() for _, S, _ in parts.values()]
    held[rank] = 100 * float(sum(shares)) / len(shares)

_ = show(*draw_kept(right, held, whole=100 * runs[0]["correct"]))
print(
    f"8 patterns hold {held[8]:.0f} % of the change, averaged over {len(parts)} matrices, and {right[8]:.0f} tickets of 100 are right"
)
del probe, original, parts

# %% [markdown]
# (The probe also keeps the base's embeddings and norms. Only the matrices inside the layers change.)
#
# Look at the two lines together. The change itself is *not* of low rank: what 8 patterns leave out is still a good part of it. But the
# job hardly needs what is left out. **A few patterns of the change carry the skill**, even though training moved every weight.
#
# The authors of LoRA ([Hu et al. 2021](https://arxiv.org/abs/2106.09685)) supposed something like it, after earlier work had shown that
# fine-tuning needs few dimensions ([Aghajanyan et al. 2020](https://arxiv.org/abs/2012.13255)). Then they did the obvious thing. If a
# change of low rank is enough in the end, *train only changes of low rank from the start*.

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
from course.explorers.rank import draw_update

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
# In PyTorch a linear layer takes x of shape (n, d_in), a row for each token, and returns x Wᵀ of shape (n, d_out). (Wᵀ is W with
# rows and columns swapped, `W.T` in PyTorch. Swapping a product reverses its order: (B A)ᵀ = Aᵀ Bᵀ.) Put the sum in and multiply out:
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
# - **Without ever forming B A.** The tests notice: in float16, whose largest number is 65,504, they choose A and B so that the product
#   does not fit, while every step of the short way is harmless.
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

square, zero = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.zeros(2, 2)
found = lora_forward(square, zero, torch.tensor([[0.0, 1.0], [0.0, 0.0]]), torch.eye(2), 2)
assert isinstance(found, torch.Tensor), "Return the tensor that a layer would return: end with `return`."
assert abs(found[0, 0]) > abs(found[0, 1]), "x has d_in columns, and so has A: x meets A.T, not A. Then comes B.T."
found = lora_forward(square, torch.tensor([[0.0, 1.0], [0.0, 0.0]]), zero, zero, 2)
assert abs(found[0, 0]) >= abs(found[0, 1]), "The frozen path is x @ W.T, not x @ W."
x = torch.tensor([[1.0, 2.0, 0.0]])
W = torch.zeros(4, 3)
A = torch.tensor([[2.0, 0.0, -1.0]])
B = torch.tensor([[1.0], [0.0], [3.0], [-1.0]])
found = lora_forward(x, W, A, B, 1)
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
x, W, A, B = (torch.tensor([[value]], dtype=torch.float16) for value in (0.001, 0.0, 300.0, 300.0))
assert lora_forward(x, W, A, B, 1).isfinite().all(), (
    "B A was formed: 300 × 300 is too large for float16. Take x through A first: 0.001 × 300 × 300 is only 90."
)
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
# Play with it first. Find one of the adapters of the LoRA paper: GPT-3, modules q and v, rank 8. Then find a rank on the bundled
# model at which LoRA saves nothing.

# %% tags=["skip-execution"]
from course.explorers.rank import explore_rank

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
# has 24 layers; its shapes follow from its [config.json](https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct/blob/main/config.json) (k and
# v are 128 wide, not 896: 2 heads for keys and values, of 64 numbers each, serve 14 heads for queries).

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
from course.pictures.lora import draw_sizes

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
_ = show(*draw_sizes(megabytes, predicted, whole_size))
overhead = 1e6 * (megabytes[1] - predicted[1])
print(f"Each file is its numbers plus a header with their names: {overhead / 1e3:.0f} kB at rank 1.")

# %% [markdown]
# One base model and a shelf of adapters: that is how one machine serves many jobs. Mind the scale, though. On a tiny model
# an adapter is a noticeable share, because thin matrices are not that thin beside a small W. For GPT-3 the LoRA paper
# counts 35 MB in place of 350 GB ([section 4.2](https://arxiv.org/abs/2106.09685)), at rank 4 on q and v, so half of the adapter that you
# counted, in 16 bit: a factor of ten thousand.

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
labels = batch["input_ids"].masked_fill(
    batch["attention_mask"] == 0, -100
)  # prompts, too: only the gradients matter here


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
print(f"Length of the gradient of all B:  {of_b:.3g}")

# %% [markdown]
# Not "about zero". Zero.
#
# Why? Think of y = a·b: its slope in a is b, and its slope in b is a. So it is with matrices: **the gradient of each contains the other as a
# factor.** A's gradient has B in it, and B is zero. B's has A in it, and A is not.
#
# In full: write s for α/r and G for the gradient at the layer's output, one row a token. The chain rule gives
#
# > gradient of B = s · Gᵀ (x Aᵀ)
# >
# > gradient of A = s · (G B)ᵀ x
#
# With B = 0 the second is exactly zero, and the first is not. So the first step moves only B. From the second step on B is
# no longer zero, and A begins to learn as well. Watch it happen. And compare with two other starts: A and B *both* zero,
# and both random. (To see the damage that a start does, the cell measures *perplexity* on stories: how surprised the model is by
# ordinary text. Lower is better.)

# %% tags=["skip-execution"]
from course.pictures.lora import draw_starts

curves, damage = {}, {}
for start in ("B zero", "both zero", "both random"):
    model = with_adapter(start)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=SETTINGS["lora"][1] / 3)  # gentle: the same 16 tickets in every step
    curves[start], damage[start] = [], [perplexity(model, base.tokenizer, stories)]
    for _ in range(12):
        curves[start].append(gradient_norms(model))
        optimizer.step()
    damage[start].append(perplexity(model, base.tokenizer, stories))
del model, trained, optimizer

_ = show(*draw_starts(curves))
for start, (at_first, at_last) in damage.items():
    print(
        f"{start:<12} perplexity on stories that have nothing to do with tickets: {at_first:.3f} at the start, {at_last:.3f} after 12 steps"
    )

# %% [markdown]
# - **Both zero:** both gradients are zero, for ever. Nothing learns.
# - **Both random** (with PEFT's random B): the adapter starts as noise in every layer, and the model is damaged before the first step. It
#   soon catches up on the tickets it trains on, here even faster, since a large B moves A from the first step on. But it repairs only a
#   small part of the rest: see its perplexity on stories.
# - **One zero, one random:** nothing is damaged, and learning starts at once. (A zero and B random starts as harmlessly, but learns worse
#   on average: [Hayou et al. 2024](https://arxiv.org/abs/2406.08447).)

# %% [markdown]
# ## 4 · Alpha, rank and the learning rate
#
# The adapter's part is multiplied with α/r. What does that do that the *learning rate*, the size of a step, does not?
#
# Take a toy: one 4 × 3 matrix, rank 2, a few steps of AdamW. In the first three lines α/r × learning rate is the same; in the fourth it is
# doubled.


# %% tags=["skip-execution"]
def train_toy(alpha, learning_rate, steps, rank=2):
    """Train A and B of a toy for so many steps of AdamW; return the change of the weight, and the loss."""
    torch.manual_seed(4)
    x, target = torch.randn(8, 3), torch.randn(8, 4)
    A, B = torch.randn(rank, 3, requires_grad=True), torch.zeros(4, rank, requires_grad=True)
    optimizer = torch.optim.AdamW([A, B], lr=learning_rate, weight_decay=0)
    for _ in range(steps):
        optimizer.zero_grad()
        ((alpha / rank * (x @ A.T) @ B.T - target) ** 2).mean().backward()
        optimizer.step()
    change = (alpha / rank * B @ A).detach()
    return change, float(((x @ change.T - target) ** 2).mean())


for alpha, learning_rate in [(2, 0.04), (4, 0.02), (8, 0.01), (8, 0.02)]:
    change, _ = train_toy(alpha, learning_rate, steps=1)
    _, loss = train_toy(alpha, learning_rate, steps=20)
    row = [round(value, 4) for value in change[0].tolist()]
    print(f"alpha {alpha}, rate {learning_rate:<4}: α/r × rate = {alpha / 2 * learning_rate:.2f}; first row of the change after 1 step {row}; "
          f"loss after 20 steps {loss:.3f}")  # fmt: skip

# %% [markdown]
# After **one** step the first three lines are the same, and the fourth has moved twice as far. AdamW moves each number of B by about one
# learning rate, however large its gradient is, and then α/r scales what B does. So
#
# > the **first step** moves the weight in proportion to **α/r × learning rate**
#
# After twenty steps the three lines have parted. A moves by then, and A moves by the learning rate alone: α/r does not touch it. So alpha
# and the learning rate begin as two handles on one knob, and do not stay so. Hence the habit that you meet everywhere: fix α = 2 r or
# α = 16 once, so that one knob is left, and tune the learning rate. (After the sweep comes the same test on the real model.)
#
# All this compares runs of *one* rank. Across ranks, more patterns add up, and make up for a part of a smaller α/r: with α fixed, the best
# learning rate moves far less than α/r does. You will see it in the sweep.
#
# **rsLoRA** ([Kalajdzievski 2023](https://arxiv.org/abs/2312.03732)) says that dividing by r is too much: as r grows, the
# adapter is turned down so far that high ranks learn no better than low ones. It divides by √r. In PEFT that is
# `use_rslora=True`. (The two statements go together: dividing by r keeps the best *rate* in its place; rsLoRA is about how much a large rank
# *gains*, and at the small ranks of this lesson you will not see that.)

# %% tags=["skip-execution"]
print(f"{'rank':>5}{'α = 16: α/r':>14}{'α = 16, rsLoRA: α/√r':>24}{'α = 2r: α/r':>14}")
for rank in (1, 4, 16, 64, 256):
    print(f"{rank:>5}{16 / rank:>14.4g}{16 / rank**0.5:>24.1f}{2 * rank / rank:>14.1f}")

# %% [markdown]
# ### Measure it: rank × learning rate
#
# Three ranks, three learning rates, and full fine-tuning beside them. Alpha is 16 for all ranks. Every run sees the same
# tickets in the same order. (To spare you a minute, only rank 8 tries the highest rate.)

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Compared with full fine-tuning, the best learning rate for LoRA will be…",
    Choice(
        "about ten times higher",
        "That is what the studies below found, and, on a grid of tens, what you will see. Why it is about ten is not settled.",
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
    for rate in SETTINGS["lora"] if rank == 8 else SETTINGS["lora"][:2]:
        config = LoraConfig(
            r=rank, lora_alpha=16, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        model = fit(f"LoRA rank {rank}", config, rate)
        model.save_pretrained(folder / f"rank{rank}-rate{rate:g}", save_embedding_layers=False)


# %% tags=["skip-execution"]
from course.pictures.lora import best, draw_rates

names = {"all weights": "base", "LoRA rank 1": "prompt", "LoRA rank 8": "tuned", "LoRA rank 64": "hybrid"}
_ = show(*draw_rates(runs, names))
for name in names:
    run = best(runs, name)
    print(
        f"{name:<13} best at rate {run['rate']:<6g} loss {run['loss']:.3f}, right {run['correct']:.0%}, {run['trained']:,} weights moved"
    )

# %% [markdown]
# First, how much to believe. Each dot is one run with one seed. "Right" counts 100 tickets, so differences of about five points mean nothing.
# And it need not agree with the loss, which averages over every token of the JSON, most of them easy. Read the big gaps only:
#
# - **Too high a rate breaks the model,** and costs more than any rank gains. Too low a rate learns too little in this many steps.
# - **LoRA's best rate lies further right** than that of full fine-tuning. Take over the learning rate of a full run, and
#   you may wrongly conclude that LoRA learns worse. (The grid has steps of ten, so "about ten times" is all that it can say. The best
#   rates of the three ranks lie close together, as promised.)
# - **Rank is capacity.** On a job as small as triage even rank 1 gets far, with a fraction of the weights.
#
# One warning. Here α is 16 for each rank. With the habit α = 2 r, rank 64 speaks eight times as loudly as here, and its
# best rate moves to the left: change α, and you have to look for the learning rate again.
#
# ### What "LoRA without regret" found
#
# Your sweep is a small one. Thinking Machines ran a large one in 2025, on many Llama and Qwen models
# ([Schulman et al., *LoRA Without Regret*](https://thinkingmachines.ai/blog/lora/)):
#
# | they found | what you do |
# |---|---|
# | On small and medium instruction data, LoRA learns as fast and as far as full fine-tuning (at a high enough rank). | Start with LoRA. |
# | It falls behind where the data holds more than the adapter can: rank is capacity. | Raise the rank for large data sets. |
# | Adapters on attention alone do worse, even with the same number of parameters. | Adapt **all linear layers**; the MLP matters most. |
# | The best learning rate is about **ten times** that of full fine-tuning, and hardly depends on the rank (they keep α fixed at 32); in very short runs about fifteen. | Multiply by ten, then sweep. |
# | LoRA suffers more than full fine-tuning from very large batches, at any rank. | Prefer **small batches**. |
#
# ### What it costs: learns less, forgets less
#
# The other side of the coin is *LoRA Learns Less and Forgets Less* ([Biderman et al. 2024](https://arxiv.org/abs/2405.09673)).
# They trained a 7B model on code and mathematics, up to 20 billion tokens. LoRA learned substantially less than full
# fine-tuning there, in the usual low-rank settings; on their instruction data low ranks fell short as well, and a rank of 256 closed most
# of the gap. And LoRA forgot less of what the model knew before. The changes that full fine-tuning made had a rank 10 to 100 times that of
# a typical adapter: much to learn takes many patterns. (Your first figure showed the same: the whole change is not of low rank.)
#
# The two studies agree on the main point: the more there is to learn, the sooner a small adapter runs out of room. Your job
# is a small one. Does LoRA forget less *here*? Every run above also measured perplexity on the little stories that have nothing to do
# with tickets.

# %% tags=["skip-execution"]
from course.pictures.lora import draw_forgetting

untouched = perplexity(base.model, base.tokenizer, stories)
useful = [run for run in runs if run["correct"] >= 0.2 and run["name"] in names]
_ = show(*draw_forgetting(useful, names, untouched))
for name in ("all weights", "LoRA rank 64"):
    run = best(runs, name)
    print(
        f"{name:<13} at its best rate, {run['rate']:g}: right {run['correct']:.0%}, perplexity {run['general']:.2f} (base: {untouched:.2f})"
    )

# %% [markdown]
# Every dot is one run of the sweep; those that learned next to nothing are left out. So, does LoRA forget less here? On the bundled model
# **no**: compare the dots furthest to the right. At its best rate the run that moved all weights has forgotten least. At a rate ten
# times lower the adapters have forgotten next to nothing, and know less of the job.
#
# That does not refute the paper: it trained a 7B model for far longer, and this is one seed and forty steps. It says what the paper
# itself says of the two: they lie on about the same curve, and who learns more, forgets more. Freezing W is no insurance. A large change
# forgets, with or without LoRA, so if two rates teach the job equally well, take the lower one. Lesson 7 measures forgetting properly.
#
# ### Alpha again
#
# Here is the toy's test on the real model: rank 8 as in the sweep, with a quarter of its alpha and four times its learning rate. α/r ×
# learning rate is the same.

# %% tags=["skip-execution"]
middle = SETTINGS["lora"][1]
config = LoraConfig(r=8, lora_alpha=4, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM")
fit("rank 8, alpha 4", config, 4 * middle)
earlier = next(run for run in runs if run["name"] == "LoRA rank 8" and run["rate"] == middle)
print(
    f"In the sweep, with alpha 16 and rate {middle:g}: validation loss {earlier['loss']:.3f}, right {earlier['correct']:.0%}."
)

# %% [markdown]
# The same first step, and another end. So a learning rate that was found at one alpha says little about another.
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
print(f"\nThe loss of q and v alone is {runs[-1]['loss'] / runs[-2]['loss']:.1f} times that of all linear layers.")

# %% [markdown]
# The same number of weights, and a clear difference in loss: where the adapter sits matters. (A few tickets more or less would not prove it.
# And the rate was not tuned for q and v; the studies did that, and found the same.)

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
        "That scales the same patterns in the same two matrices, and needs no parameters at all.",
    ),
)

# %% [markdown]
# **DoRA** ([Liu et al. 2024](https://arxiv.org/abs/2402.09353)) is a relative that you will meet. It splits each weight
# matrix into the *length* of its rows (in the paper's notation, columns) and their *direction*, trains the lengths as numbers of their own,
# one for each output of a layer, and lets LoRA change the directions. It costs more time. In PEFT it is `use_dora=True`.

# %% [markdown]
# ## 5 · What is in a trained adapter?
#
# You declared a rank. How much of it did training use? The product B A has *at most* rank r, and it can have less. A fresh adapter,
# with B = 0, has rank 0. The grader of lesson 6 looks at this number, too: a file whose rank is larger than its
# configuration says does not fit its configuration.
#
# Computing a rank takes care. In exact arithmetic a pattern is there or not. In floating point, rounding leaves a little
# dirt in every direction, so the **numerical rank** is the number of singular values above a small threshold. The threshold depends on
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
square = effective_rank(torch.tensor([[0.0, 1.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
assert square is not None, "effective_rank returned None: end it with `return`."
assert square != 0, "The product is B @ A, in this order: here [[0, 1], [0, 0]], of rank 1, and A @ B would be zero."
found = effective_rank(A, B)
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
of_halves = effective_rank(
    torch.tensor([[0.1, 0.3, 0.7], [0.2, 0.6, 1.4]]).half(), torch.tensor([[1.0, 0.7], [0.3, 0.9]]).half()
)
assert of_halves == 1, (
    "Convert A and B with .double() *before* you multiply: in 16 bit the product is rounded, and looks like rank 2."
)
missed = effective_rank(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
assert missed == 0, "A has rank 1 and B has rank 1, but B A is all zeros: look at the product, not at its factors."
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
            folder / f"rank{rank}-rate{best(runs, f'LoRA rank {rank}')['rate']:g}" / "adapter_model.safetensors"
        )
        pairs = [(tensors[name], tensors[name.replace("lora_A", "lora_B")]) for name in tensors if "lora_A" in name]
        found = [effective_rank(A, B) for A, B in pairs]
        strengths = [torch.linalg.svdvals(B.double() @ A.double()) ** 2 for A, B in pairs]
        needed = [int((S.cumsum(0) < 0.9 * S.sum()).sum()) + 1 for S in strengths]  # patterns that hold 90 % of B A
        print(f"Declared rank {rank:>2}: numerical rank {min(found)} to {max(found)} over {len(found)} matrices; "
              f"90 % of B A is in {min(needed)} to {max(needed)} patterns")  # fmt: skip
except NotImplementedError:
    print("Solve exercise 3, then run this cell again.")

# %% [markdown]
# All of the declared rank is there: training with floating-point numbers leaves something in every direction, so the numerical rank tells
# "trained" from "never trained", and no more. How many patterns *matter* is another question, and its answer is a handful. That is the first
# figure again, from the other side.

# %% [markdown]
# ## 6 · Merging: an adapter that costs nothing to run
#
# Beside W, the adapter costs two more products in every adapted matrix. But x Wᵀ + (α/r) (x Aᵀ) Bᵀ is linear, so you can also add
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

saved = folder / f"rank8-rate{best(runs, 'LoRA rank 8')['rate']:g}"
tuned = PeftModel.from_pretrained(load_base(subject).model.float(), saved).eval()
merged = copy.deepcopy(tuned).merge_and_unload()
rounded = copy.deepcopy(merged).to(torch.bfloat16).float()  # the weights lose bits; the computation stays in float32
questions = [triage_messages(ticket["text"]) for ticket in fresh]


def say(model):
    """Answer the fresh tickets with the likeliest tokens."""
    return generate(model, base.tokenizer, questions, temperature=0)


with torch.no_grad():
    outputs = tuned(**batch).logits
answers = say(tuned)
print(f"{'adapter beside W':<24} outputs up to {outputs.abs().max():.0f}")
for name, model in (("merged, float32", merged), ("merged, bfloat16 weights", rounded)):
    with torch.no_grad():
        difference = (model(**batch).logits - outputs).abs().max().item()
    equal = sum(one == other for one, other in zip(answers, say(model), strict=True))
    print(f"{name:<24} outputs differ by at most {difference:.1e}; {equal} of {len(answers)} answers equal")

# %% [markdown]
# In float32 merging is exact up to rounding, and the adapter's two products are saved. In 16 bits each weight is rounded once more:
# the outputs move much further, although the answers may well stay the same. So keep the adapter file even when you ship the
# merged model. And a 4-bit base is another story: lesson 8.
#
# So why not always merge? Because an adapter beside W can be switched. One base in memory, many adapters, another one
# for every request: try that with merged models.

# %% tags=["skip-execution"]
with tuned.disable_adapter():
    without = say(tuned)
number = next((i for i in range(100) if without[i] != answers[i]), 0)  # a ticket on which the two differ
print("Ticket:      ", fresh[number]["text"])
print("Adapter on:  ", answers[number])
print("Adapter off: ", without[number])

# %% [markdown]
# (If the bundled base's answer looks close: it met tickets in its pre-training, in several notations. The adapter taught it which one you want.)
#
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
# Three more fields appear in every configuration. `lora_dropout=0.05` switches off a random 5 % of the adapter's inputs in each training step,
# against learning by heart. `bias` would also train the constants that some layers add. `task_type` tells PEFT how the model is called.
#
# Two defaults of `LoraConfig` deserve your attention. Without `target_modules` PEFT picks modules by the model's type, for
# many models only q and v. And `lora_alpha` is 8 whatever the rank, so a rank of 64 would be turned down to 1/8. (This course takes
# alpha = 2 r, so that α/r is 2 whatever the rank.)

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
    'Name the modules: target_modules="all-linear". Left out, PEFT picks only q and v for many models.'
)
named = "all-linear" in target or not isinstance(target, str) or any(mark in target for mark in ("proj", *".*+|[\\"))
assert named, f"No module is called {target!r}. Did you mean 'all-linear'?"
assert isinstance(target, str) or len(target) >= 7, (
    f"Seven matrices are asked for, and you name {len(target)}: attention has q, k, v and o_proj, the MLP gate, up and down_proj."
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
# - **A few patterns of the change carry the skill.** LoRA trains only changes of low rank: W stays frozen, and (α/r) B A is
#   added beside it.
# - **Take x through A first.** Nothing as large as W is ever formed.
# - **r × (d_in + d_out) parameters** for each matrix. An adapter is a file of megabytes beside a base of gigabytes.
# - **B starts at zero:** a fresh adapter changes nothing, exactly, and the first step moves B alone.
# - **The first step moves W by α/r × learning rate.** Later the two part. Fix alpha, then sweep the learning rate, from about ten times that
#   of full fine-tuning (at α = 16 to 32).
# - **All linear layers, small batches, and more rank only for more data.**
# - **Freezing W is no insurance against forgetting:** a large change forgets, with or without LoRA.
# - **Merging costs nothing in float32,** rounds in 16 bits, and gives up switching.

# %% tags=["skip-execution"]
import os

used = (time.process_time() - started) / 60
print(f"Since the first cell this notebook has used {used:.1f} minutes of processor time, on {os.cpu_count()} cores.")

# %% [markdown]
# ## Knowledge check
#
# Eight questions; 80 %, so seven of them, marks the lesson complete.

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
            "Alpha alone would do that. The halved rate takes it back.",
        ),
        Choice("The weight moves half as far", "The doubled alpha makes up for the rate."),
    ),
    Question(
        "You take over a recipe for full fine-tuning with learning rate 2e-5. Where do you begin with LoRA?",
        Choice(
            "At 2e-6, because the new matrices are small and easily pushed too far",
            "That goes the wrong way: the adapter would hardly move.",
        ),
        Choice("At 2e-5", "Safe, slow, and a common reason why people find that LoRA does not work."),
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
        Choice(
            "LoRA will forget more",
            "They measured the opposite, over billions of tokens. (Your own forty steps may differ.)",
        ),
    ),
    Question(
        "In an adapter with r = 16, B A has numerical rank 0 in every layer. What do you conclude?",
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
