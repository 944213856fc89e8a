# %% [markdown]
# # Lesson 5 · Quantization and QLoRA
#
# **Where lesson 4 left you.** The adapter is small: a few megabytes. The base model beneath it never moves. But it must be
# there, whole, in the GPU's memory, and for a model of 7 billion weights that alone nearly fills a free T4.
# Today you squeeze it to a quarter of that, and find out what is lost.
#
# **After this lesson you can**
#
# 1. say where the memory of a training run goes, and estimate it before you rent a GPU;
# 2. quantize weights to 4 bits by hand, block by block, and agree with bitsandbytes;
# 3. say why NF4's sixteen values are where they are, what a block size costs, and what double quantization saves;
# 4. explain why QLoRA trains an adapter *through* frozen 4-bit weights, and configure it for a T4.
#
# **Time and hardware.** About 90 minutes of yours. The machine computes for one to two of them on two free CPU cores (a
# cell after the takeaways says how long yours took). In Colab, on a free T4, the same cells take a larger model apart; plan ten minutes of
# computing for it (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# While a model trains, four kinds of numbers live in memory:
#
# | what | how many | who needs it |
# |---|---|---|
# | **weights** | all of the model's | every step, forward and backward |
# | **gradients** | one for each weight *that is trained* | the optimizer |
# | **optimizer state** | two for each weight *that is trained* | AdamW: running averages of the gradient and its square |
# | **activations** | grow with the text in the batch | the backward pass, which uses what the forward pass computed |
#
# Read the table again and look for the words "that is trained". LoRA makes two of the rows tiny. What is left?
#
# Let us look. The next cell takes one training step on one ticket, in three ways, and counts every byte that PyTorch keeps.
# First commit yourself:

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
from course import Choice, Question, quick_check

quick_check(
    "LoRA on an unquantized base, one ticket at a time. What takes the most memory?",
    Choice(
        "The optimizer's state, as in full fine-tuning",
        "It shrinks with the number of trained weights, and LoRA trains few.",
    ),
    Choice("The adapter and all that training it needs", "It is small: that was lesson 4."),
    Choice("The frozen weights", "Yes. Nobody trains them, and still every one of them must be there.", correct=True),
)

# %% tags=["skip-execution"]
import time

from peft import LoraConfig, get_peft_model

from course.data import draw_tickets
from course.memory import measure_step
from course.models import TIERS, load_base

started = time.process_time()
subject = TIERS["t4"] if tier.name == "t4-large" else tier  # 7B in 16 bits would fill a T4: that is today's problem
full, four = load_base(subject), load_base(subject, four_bit=True)
ticket = draw_tickets(1, seed=51)[0]["text"]
inputs = full.tokenizer([ticket], return_tensors="pt").to(full.model.device)
adapter = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", lora_dropout=0.05, task_type="CAUSAL_LM")

counted = {"full fine-tuning": measure_step(full.model.train(), inputs)}
for name, four_bit in (("LoRA", False), ("QLoRA", True)):
    model = get_peft_model(load_base(subject, four_bit=four_bit).model, adapter).train()
    counted[name] = measure_step(model, inputs)
_ = full.model.eval()
for name, memory in counted.items():
    print(
        f"{name:<17} {sum(memory.parts().values()) / 1e6:>9,.1f} MB in one step (at learning rate 0: nothing has moved)"
    )

# %% tags=["skip-execution"]
from course.figures import show
from course.pictures.memory import draw_steps

_ = show(*draw_steps(counted))

# %% [markdown]
# LoRA made the green part small: it belongs to all weights in the first bar, and to the adapter in the others. QLoRA, the third
# bar, is what this lesson is about: it shrinks the grey part (not to an eighth of 32 bits; section 5 says why). The red part, the
# activations, does not shrink, and grows with the batch. LoRA even adds to it, since the adapters keep inputs of their own; lesson 6
# deals with it.
#
# On a small model that is a matter of megabytes. Now do the same sum for a large one.
#
# ### Exercise 1 · Weights in gigabytes
#
# Write `weights_gb(parameters, bits) -> float`.
#
# - **Input:** `parameters`, how many weights (a number, such as `7_248_023_552` or `7e9`); `bits`, the bits that each
#   takes (a number, such as 16 or 4.5).
# - **Output:** gigabytes, decimal: 1 GB is 1,000,000,000 bytes. Not rounded.
#
# <details><summary>Hint 1</summary>
#
# Eight bits are one byte.
# </details>
# <details><summary>Hint 2</summary>
#
# 7 billion weights of 16 bits are 14 billion bytes. A gibibyte (GiB), of 1024³ bytes, is another unit.
# </details>


# %% weights_gb
def weights_gb(parameters, bits):
    """Decimal gigabytes that so many weights of so many bits take."""
    ### BEGIN SOLUTION
    return parameters * bits / 8 / 1e9
    ### END SOLUTION


# %% test_weights_gb points=1
found = weights_gb(7_000_000_000, 16)
assert found is not None, "weights_gb returned None: end it with `return`."
assert abs(found - 112) > 1, "That is gigabits: 8 bits make one byte, so divide by 8."
assert abs(found - 14_000) > 1, "That is megabytes: a gigabyte is 10 ** 9 bytes, a megabyte 10 ** 6."
assert abs(found - 13.04) > 0.01, "That is GiB, of 1024 ** 3 bytes. A decimal GB is 10 ** 9 bytes."
assert abs(found - 14.0) < 1e-6, f"7 billion weights of 16 bits are 14 GB; yours says {found}."
assert abs(weights_gb(7_000_000_000, 4.5) - 3.9375) < 1e-6, "Bits need not be whole, and nothing is rounded: 3.9375 GB."
### BEGIN HIDDEN TESTS
import random

draw = random.Random(5)
for _ in range(30):
    parameters, bits = draw.randint(1, 10**12), draw.choice([1, 2, 3, 4, 4.127, 4.5, 8, 16, 32])
    expected = parameters * bits / 8e9
    found = weights_gb(parameters, bits)
    assert abs(found - expected) <= 1e-6 * expected, (
        f"{parameters:,} weights of {bits} bits are {expected} GB, not {found}."
    )
assert abs(weights_gb(8, 1) - 1e-9) < 1e-15, "One byte is 1e-9 GB: do not round."
assert weights_gb(0, 16) == 0, "No weights take no memory."
### END HIDDEN TESTS

# %% [markdown]
# Your function, on four models and three precisions. (Sizes: counted from each model's configuration in `course/vram.py`.)

# %% tags=["skip-execution"]
from course.vram import MODELS, Plan, estimate

print(f"{'':14}{'32 bits':>10}{'16 bits':>10}{'all in 4.127 bits':>20}{'as QLoRA stores it':>21}")
for name in ("Qwen2.5 0.5B", "Mistral 7B", "Llama 13B", "Llama 65B"):
    row = [weights_gb(MODELS[name].parameters, bits) for bits in (32, 16, 4.127)]
    need = estimate(Plan(MODELS[name]))
    stored = (need.weights + need.constants) / 1e9
    print(f"{name:14}{row[0]:>7.1f} GB{row[1]:>7.1f} GB{row[2]:>17.1f} GB{stored:>18.1f} GB")

# %% [markdown]
# (The last column is a little larger than the one before, because QLoRA leaves some weights in 16 bits. Section 5 shows which.)
#
# A T4 is sold with 16 GB, and PyTorch finds 15.8 of them on it. Some of that is always taken, so this lesson plans with **15 GB**.
# Mistral 7B in 16 bits leaves half a gigabyte of them for everything else. As QLoRA stores it, the same model leaves about 11.
#
# The last row is the headline of the paper that this lesson follows. Full fine-tuning of Llama 65B in 16 bits takes more than
# 780 GB (weights, gradients and optimizer state, 12 bytes a weight). **QLoRA** trained it on one GPU of 48 GB, and its chatbot,
# Guanaco, reached 99.3 % of ChatGPT's level on the Vicuna benchmark, with GPT-4 as the judge ([Dettmers et al. 2023, arXiv 2305.14314](https://arxiv.org/abs/2305.14314);
# the authors themselves warn that such benchmarks are not to be trusted far. Lesson 7 shows why).
#
# Where the 0.127 comes from, you will compute yourself.

# %% [markdown]
# ## 1 · Four bits: a number becomes the nearest of sixteen
#
# Four bits can tell sixteen things apart. So a 4-bit weight is not a number. It is a **code**, from 0 to 15: the place of
# a number in a list of sixteen, the **codebook**. To *quantize* is to replace each weight by the code of a nearby value.
#
# Do it by hand once, with two bits, so four values. The codebook is −1, 0, 0.5, 1. The weights are
#
# > 0.4, −2.0, 1.2, 0.1
#
# They do not fit between −1 and 1. So divide by the largest *absolute* value, 2.0: that is the **scale**, and the rule is
# called **absmax**. You get 0.2, −1, 0.6, 0.05. Now move each to the nearest value of the codebook.

# %% tags=["skip-execution"]
from course.pictures.quantization import draw_flow, draw_snap

_ = show(*draw_snap([0.2, -1.0, 0.6, 0.05], [-1.0, 0.0, 0.5, 1.0]))

# %% [markdown]
# You store the codes 1, 0, 2, 1, of two bits each, and the scale 2.0. To get numbers back, look the codes up and
# multiply: 0, −2.0, 1.0, 0. The errors are 0.4, 0, 0.2 and 0.1. The largest weight came back exactly: it always does,
# because it made the scale.
#
# ### Why blocks?
#
# Now put four more weights behind them: 0.02, 0.05, −0.03, 0.01.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "All eight weights share the scale 2.0. What comes back for the last four, 0.02, 0.05, −0.03 and 0.01?",
    Choice(
        "Four zeros",
        "Yes. Divided by 2.0 they all lie nearest to 0. One large neighbour has wiped them out.",
        correct=True,
    ),
    Choice(
        "0.02, 0.05, −0.03 and 0.01: small numbers lose little",
        "They lose everything: the nearest value of the codebook, times 2.0, is 0.",
    ),
    Choice("Four times 1.0", "0.5 × 2.0 is 1.0, but 0.05 / 2.0 = 0.025 is nearer to 0 than to 0.5."),
)

# %% [markdown]
# Give them a scale of their own, 0.05, and they come back as 0.025, 0.05, −0.05 and 0: rough, but alive. This is why a matrix
# is cut into **blocks**, each with its own scale. A large weight then spoils its own block only.
#
# In a formula, for a weight $w$ in a block with scale $s$, and a codebook $q$ (arg min: the $i$ for which it is smallest):
#
# $$s = \max_{\text{block}} |w| \qquad c = \arg\min_i \left| \frac{w}{s} - q_i \right| \qquad \hat w = s \cdot q_c$$
#
# ### Exercise 2 · Quantize
#
# Write `quantize(weights, codebook, block=64)`.
#
# - **Input:** `weights`, a floating tensor of any shape with n numbers; `codebook`, a 1-D floating tensor, sorted, of at most
#   256 values; `block`, weights per block.
# - **Output:** a tuple `(codes, scales)`.
#   - `codes`: uint8, as many as weights, in row-major order (as `weights.flatten()` has them): for each weight, the index
#     of the codebook value *nearest* to weight / scale. Where two are equally near, either will do.
#   - `scales`: any floating dtype, shape `(ceil(n / block),)`: for each block of the row-major order, the largest absolute value.
# - n need not be divisible by `block`: the last block may be shorter.
# - A block of zeros has scale 0, and must come back as exact zeros.
#
# <details><summary>Hint 1: blocks as rows</summary>
#
# Flatten; append zeros until the length is divisible by `block`; `view(-1, block)`. Now every row is a block, and
# `.abs().amax(dim=1)` gives all scales. Cut the extra codes off at the end.
# </details>
# <details><summary>Hint 2: nearest</summary>
#
# `scaled.unsqueeze(-1) - codebook` has one more dimension, of 16 differences for each weight. Take `.abs()` and
# `.argmin(dim=-1)`.
# </details>
# <details><summary>Hint 3: a block of zeros</summary>
#
# 0 / 0 is NaN, and where NaN lands depends on how you look for the nearest value: it may be no place in the codebook. Divide by
# `torch.where(scales > 0, scales, 1)`, but return the scales as they are.
# </details>

# %%
import torch


# %% quantize
def quantize(weights, codebook, block=64):
    """Codes (uint8) and scales of weights, block by block of their row-major order."""
    ### BEGIN SOLUTION
    flat = weights.detach().flatten().float()
    padded = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = padded.abs().amax(dim=1)
    scaled = padded / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = (scaled.unsqueeze(-1) - codebook.float()).abs().argmin(dim=-1)
    return codes.flatten()[: len(flat)].to(torch.uint8), scales
    ### END SOLUTION


# %% test_quantize points=2
import torch

book = torch.tensor([-1.0, 0.0, 0.5, 1.0])
toy = torch.tensor([0.4, -2.0, 1.2, 0.1, 0.02, 0.05, -0.03, 0.01])
result = quantize(toy, book, 4)
assert result is not None, "quantize returned None: end it with `return codes, scales`."
codes, scales = result
assert codes.dtype == torch.uint8, f"Codes are uint8, one byte each; yours are {codes.dtype}."
assert codes.numel() == 8, f"One code for each of the 8 weights; yours are {codes.numel()}."
assert tuple(scales.shape) == (2,), (
    f"8 weights in blocks of 4 have 2 scales, of shape (2,); yours is {tuple(scales.shape)}."
)
assert abs(scales[0].item() - 2.0) < 1e-6, (
    "The first block's largest absolute value is 2.0, and belongs to −2.0: take abs() before the maximum."
)
assert abs(scales[1].item() - 0.05) < 1e-6, "The second block has its own scale, 0.05."
assert codes.flatten().tolist()[:4] != [2, 0, 3, 1], "Divide by the scale first, then look for the nearest value."
assert codes.flatten().tolist()[:4] == [1, 0, 2, 1], (
    f"By hand, the first block's codes are [1, 0, 2, 1]; yours are {codes.flatten().tolist()[:4]}. Nearest, not next below?"
)
assert codes.flatten().tolist()[4:] == [2, 3, 0, 1], "The second block, divided by 0.05, has the codes [2, 3, 0, 1]."
square = quantize(torch.tensor([[0.4, -2.0], [0.05, 0.02]]), book, 2)
assert square[0].flatten().tolist() == [1, 0, 3, 2], (
    "Weights of any shape: flatten a matrix row by row, so that here each row is a block of 2, with the codes 1, 0 and 3, 2."
)
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(51)
for shape, block, size in [
    ((3, 64), 64, 16),
    ((7, 128), 32, 16),
    ((5, 12), 4, 3),
    ((2, 3, 40), 16, 256),
    ((512,), 512, 8),
]:
    weights = torch.randn(shape, generator=generator) * 10.0 ** torch.randint(-3, 3, (1,), generator=generator)
    book = torch.rand(size, generator=generator).mul(2).sub(1).sort().values
    codes, scales = quantize(weights, book, block)
    rows = weights.flatten().view(-1, block)
    expected = rows.abs().amax(dim=1)
    assert tuple(scales.shape) == tuple(expected.shape), f"Weights {shape}, block {block}: {len(expected)} scales."
    assert torch.allclose(scales.float(), expected, rtol=1e-4), (
        f"Each block's scale is its largest absolute value ({shape})."
    )
    assert codes.numel() == weights.numel() and int(codes.max()) < size, (
        f"A code is a place in the codebook, 0 to {size - 1}."
    )
    away = (rows / expected[:, None]).flatten()
    best = (away[:, None] - book).abs().amin(dim=1)
    taken = (away - book[codes.flatten().long()]).abs()
    assert (taken <= best + 1e-5).all(), (
        "Some codes are not the nearest: compare weight / scale with every codebook value."
    )
for dtype, slack in [(torch.float64, 1e-5), (torch.float16, 4e-3), (torch.bfloat16, 3e-2)]:
    weights = torch.randn(6, 32, generator=generator).to(dtype)
    book = torch.linspace(-1, 1, 15)
    codes, scales = quantize(weights, book, 64)
    away = weights.float().flatten() / weights.float().flatten().view(-1, 64).abs().amax(dim=1).repeat_interleave(64)
    taken = (away - book[codes.flatten().long()]).abs()
    assert codes.dtype == torch.uint8 and (taken <= (away[:, None] - book).abs().amin(dim=1) + slack).all(), (
        f"Weights of {dtype} are quantized like any others."
    )
first = quantize(torch.ones(2, 64), torch.tensor([-1.0, 0.0, 1.0]))
assert len(first[1]) == 2, "Without a third argument the block is 64."
### END HIDDEN TESTS

# %% test_quantize_edges points=1
import torch

book = torch.tensor([-1.0, 0.0, 0.5, 1.0])
result = quantize(torch.tensor([1.0, -0.5, 3.0, 0.1, 4.0, -8.0, 0.5]), book, 3)
assert result is not None, "quantize returned None: end it with `return codes, scales`."
codes, scales = result
assert tuple(scales.shape) == (3,), (
    f"7 weights in blocks of 3 are 3 blocks, the last with one weight; yours has scales of shape {tuple(scales.shape)}."
)
assert codes.numel() == 7, f"7 weights have 7 codes: drop what you padded, and no more; yours are {codes.numel()}."
assert abs(scales[2].item() - 0.5) < 1e-6, "The last block holds only 0.5, so its scale is 0.5."
codes, scales = quantize(torch.tensor([0.0, 0.0, 0.0, 1.0]), book, 2)
assert torch.isfinite(scales).all() and scales[0].item() == 0, (
    "A block of zeros has the scale 0: its largest absolute value."
)
assert int(codes.max()) < 4, (
    "In a block of zeros, 0 / 0 is NaN, and yours has landed outside of the codebook: guard the division."
)
back = book[codes.flatten().long()] * scales.repeat_interleave(2)
assert (back[:2] == 0).all(), "A block of zeros must come back as exact zeros."
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(52)
for shape, block in [((5, 13), 64), ((3, 3), 4), ((1,), 64), ((11, 7), 10), ((130,), 64)]:
    weights = torch.randn(shape, generator=generator)
    book = torch.linspace(-1, 1, 9)
    codes, scales = quantize(weights, book, block)
    flat = weights.flatten()
    expected = torch.stack([piece.abs().max() for piece in flat.split(block)])
    assert tuple(scales.shape) == tuple(expected.shape), (
        f"{flat.numel()} weights in blocks of {block}: {len(expected)} scales."
    )
    assert torch.allclose(scales.float(), expected, rtol=1e-4), (
        "The last block's scale is the largest of what it holds."
    )
    assert codes.numel() == flat.numel(), f"{flat.numel()} weights have as many codes."
    away = flat / expected.repeat_interleave(block)[: flat.numel()]
    taken = (away - book[codes.flatten().long()]).abs()
    assert (taken <= (away[:, None] - book).abs().amin(dim=1) + 1e-5).all(), (
        "The last, shorter block is quantized like the rest."
    )
weights = torch.zeros(4, 64)
weights[2] = torch.randn(64, generator=generator)
for book in (torch.tensor([-1.0, -0.3, 0.3, 1.0]), torch.linspace(-1, 1, 16), torch.tensor([-1.0, 0.0, 1.0])):
    codes, scales = quantize(weights, book)
    assert scales[[0, 1, 3]].tolist() == [0, 0, 0], "A block of zeros has the scale 0, whatever the codebook holds."
    assert int(codes.max()) < len(book), "The codes of a block of zeros are places in the codebook, too."
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3 · Dequantize
#
# The way back. Write `dequantize(codes, scales, codebook, block=64)`.
#
# - **Input:** what `quantize` returned: `codes` (uint8, n of them), `scales` (floating, one for each block), and the same
#   `codebook` (floating) and `block`.
# - **Output:** a flat tensor of n numbers, always float32, whatever floating type goes in.
#
# <details><summary>Hint 1</summary>
#
# Each weight needs the scale of *its* block: `scales.repeat_interleave(block)` repeats each of them `block` times, in place.
# (`repeat` would repeat the whole list.)
# </details>
# <details><summary>Hint 2</summary>
#
# The last block may be shorter: cut to n. And PyTorch reads uint8 in square brackets as a *mask*, not as places: write
# `codebook[codes.long()]`.
# </details>
# <details><summary>Hint 3</summary>
#
# Convert codebook and scales with `.float()` first. Half precision times half precision would be rounded on the way.
# </details>


# %% dequantize
def dequantize(codes, scales, codebook, block=64):
    """The weights that codes and scales stand for: flat, float32."""
    ### BEGIN SOLUTION
    values = codebook.float()[codes.flatten().long()]
    return values * scales.float().repeat_interleave(block)[: len(values)]
    ### END SOLUTION


# %% test_dequantize points=2
import torch

book = torch.tensor([-1.0, 0.0, 0.5, 1.0])
codes = torch.tensor([1, 0, 2, 1, 2, 3, 0], dtype=torch.uint8)
back = dequantize(codes, torch.tensor([2.0, 0.05]), book, 4)
assert back is not None, "dequantize returned None: end it with `return`."
assert tuple(back.shape) == (7,), (
    f"7 codes give 7 numbers, flat, also when the last block is shorter; yours have the shape {tuple(back.shape)}."
)
assert back.dtype == torch.float32, f"The result is float32; yours is {back.dtype}."
assert torch.allclose(back[:4], torch.tensor([0.0, -2.0, 1.0, 0.0])), (
    f"By hand, the first block comes back as [0, −2, 1, 0]; yours is {back[:4].tolist()}. Look up, then multiply by the scale."
)
assert torch.allclose(back[4:], torch.tensor([0.025, 0.05, -0.05])), (
    f"The second block has the scale 0.05: [0.025, 0.05, −0.05]; yours is {back[4:].tolist()}. repeat_interleave, not repeat?"
)
for dtype in (torch.float16, torch.float64):
    assert dequantize(codes, torch.tensor([2.0, 0.5], dtype=dtype), book.to(dtype), 4).dtype == torch.float32, (
        f"Always float32: with codebook and scales in {dtype}, too."
    )
### BEGIN HIDDEN TESTS
generator = torch.Generator().manual_seed(53)
for n, block, size in [
    (1, 64, 16),
    (64, 64, 16),
    (65, 64, 16),
    (300, 32, 16),
    (91, 7, 4),
    (1000, 128, 256),
    (5, 512, 9),
]:
    codes = torch.randint(size, (n,), generator=generator).to(torch.uint8)
    book = torch.rand(size, generator=generator).mul(2).sub(1).sort().values
    scales = torch.rand(-(-n // block), generator=generator) * 3
    expected = torch.stack([book[int(code)] * scales[place // block] for place, code in enumerate(codes)])
    back = dequantize(codes, scales, book, block)
    assert tuple(back.shape) == (n,), f"{n} codes in blocks of {block} give {n} numbers, not {tuple(back.shape)}."
    assert torch.allclose(back, expected, rtol=1e-4, atol=1e-6), (
        f"Each number takes the scale of its own block ({n}, {block})."
    )
    half = dequantize(codes, scales.half(), book.to(torch.bfloat16), block)
    assert half.dtype == torch.float32 and torch.allclose(half, expected, rtol=2e-2, atol=1e-3), (
        "Mixed types give float32."
    )
codes, scales = torch.zeros(128, dtype=torch.uint8), torch.tensor([0.0, 2.0])
assert dequantize(codes, scales, torch.tensor([-1.0, 1.0])).tolist() == [0.0] * 64 + [-2.0] * 64, (
    "Without a fourth argument the block is 64; a scale of 0 gives zeros."
)
### END HIDDEN TESTS

# %% [markdown]
# Try both on the eight weights from above, in blocks of 4 and then all in one block:

# %% tags=["skip-execution"]
toy = torch.tensor([0.4, -2.0, 1.2, 0.1, 0.02, 0.05, -0.03, 0.01])
two_bits = torch.tensor([-1.0, 0.0, 0.5, 1.0])
for block in (4, 8):
    codes, scales = quantize(toy, two_bits, block)
    back = [round(value, 3) for value in dequantize(codes, scales, two_bits, block).tolist()]
    print(f"blocks of {block}: codes {codes.tolist()}, scales {[round(s, 3) for s in scales.tolist()]} → {back}")

# %% [markdown]
# ## 2 · Which sixteen values?
#
# The obvious codebook is a ruler: −7/7, −6/7, … 7/7, evenly spaced. It is called **int4**. Count them: fifteen values. The
# sixteenth code stays unused, the price of a list that is symmetric around 0. Another is **FP4**, a tiny floating-point format with
# sign, two exponent bits and one fraction bit: dense near zero, coarse near the ends. It has fifteen as well (+0 and −0 are two codes
# for one value).
#
# Which is good depends on where the weights are. Take all linear weights of the model on your machine, divide each by its
# block's scale, and look.

# %% tags=["skip-execution"]
from course.pictures.quantization import draw_codebooks

int4 = torch.arange(-7, 8) / 7
fp4 = torch.tensor([-12, -8, -6, -4, -3, -2, -0.0625, 0, 0.0625, 2, 3, 4, 6, 8, 12]) / 12  # bitsandbytes' table, sorted


def linear_weights(model):
    """The weights that bitsandbytes would quantize: all linear maps but the output layer, by name."""
    linear = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    return {name: module.weight.detach().float().cpu().clone() for name, module in linear.items() if name != "lm_head"}


matrices = linear_weights(full.model)
sample = torch.cat([matrix.flatten()[: 64 * 400] for matrix in matrices.values()]).view(-1, 64)
scaled = (sample / sample.abs().amax(dim=1, keepdim=True)).flatten()

_ = show(*draw_codebooks(scaled.numpy(), {"int4": int4.tolist(), "FP4": fp4.tolist()}))
print(f"{(scaled.abs() < 0.5).float().mean():.0%} of the weights are closer to 0 than to either end.")

# %% [markdown]
# The histogram is a bell. (The spikes at its ends are the largest weights, one of each block: divided by themselves, they are
# −1 or 1.) Many small weights, few large ones, much like draws from a *normal distribution*: that is how most trained weights look
# (the QLoRA paper tests it in [appendix F](https://arxiv.org/abs/2305.14314): 92.5 % of a LLaMA 7B's neurons pass). Now look at
# FP4's middle: three values almost on top of each other at 0, then nothing up to 0.17, just where most weights are. Neither list was
# made for a bell. So put the values where the weights are.
#
# **NormalFloat**, NF4, is that idea. If each of the sixteen values should be used about equally often, put them at
# **quantiles** of the normal distribution. (The quantile at probability p is the number below which a share p of all
# draws lies. At 0.5 it is 0; at 0.975 it is 1.96.)

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Sixteen quantiles of a bell, scaled to −1 … 1. Where are neighbours closest to each other?",
    Choice(
        "Everywhere the same", "That is the ruler, int4. Equal *probability* between neighbours is not equal distance."
    ),
    Choice(
        "Near −1 and near 1, because errors there are the largest",
        "Few weights live there, so equal shares are wide there.",
    ),
    Choice("Near 0", "Yes. Most weights are there, so a sixteenth of them fits into a narrow gap.", correct=True),
    Choice("Between 0 and 1 only", "A bell has two sides."),
)

# %% [markdown]
# One wish complicates it: **zero must be exactly zero** (padding, and weights that were set to 0, must stay 0). Sixteen is
# even, so a symmetric list has no zero in the middle. NF4 builds the two halves apart:
#
# - **positive half:** 9 probabilities, evenly spaced from ½ to 1 − δ. Their quantiles start with 0: eight values above it.
# - **negative half:** 8 probabilities, evenly spaced from δ to ½. Their quantiles end with 0: seven values below it.
# - Join them, keeping 0 once: 7 + 1 + 8 = 16. Divide by the largest, so that the ends are −1 and 1.
#
# And δ? At probability 0 the quantile is minus infinity, so the halves stop a little before: NF4 takes **δ = ½ (1/32 + 1/30)**.
#
# <details><summary>Why that number?</summary>
#
# Cut the probabilities from 0 to 1 into sixteen equal shares: the centre of the first is 1/32. With fifteen shares it is 1/30. NF4 has
# eight steps on one side and seven on the other, and takes the middle of the two: a choice, not a law. In bitsandbytes it is written
# `offset=0.9677083`, which is 1 − δ (its function
# [`create_normal_map`](https://github.com/bitsandbytes-foundation/bitsandbytes/blob/main/bitsandbytes/functional.py), whose docstring
# counts one value too many below zero; the explanation of δ is from [arXiv 2306.06965](https://arxiv.org/abs/2306.06965)).
# </details>
#
# ### Exercise 4 · NF4's codebook
#
# Write `nf4_codebook()`. It takes nothing and returns a floating tensor of shape (16,): NF4's values, sorted, from −1 to 1,
# with an exact 0, within 0.0001 of bitsandbytes' own table.
#
# <details><summary>Hint 1: quantiles without a library</summary>
#
# `statistics.NormalDist().inv_cdf(p)` is the quantile at probability p. (`scipy.stats.norm.ppf` and `torch.special.ndtri` are
# the same.)
# </details>
# <details><summary>Hint 2: evenly spaced</summary>
#
# `torch.linspace(0.5, 1 - delta, 9)` for the positive half, `torch.linspace(delta, 0.5, 8)` for the negative one.
# </details>
# <details><summary>Hint 3: one zero, and exact</summary>
#
# Both halves contain ½, where the quantile is 0 up to rounding. Leave it out of both, `[1:]` and `[:-1]`, and put `0.0` between
# them.
# </details>
# <details><summary>Hint 4: the ends</summary>
#
# The lowest value is the quantile at δ, the highest the one at 1 − δ: equal in size, by symmetry. So one division by the
# largest makes both ends 1.
# </details>


# %% nf4_codebook
def nf4_codebook():
    """The sixteen values of NF4, from quantiles of the normal distribution."""
    ### BEGIN SOLUTION
    from statistics import NormalDist

    quantile = NormalDist().inv_cdf
    delta = (1 / 32 + 1 / 30) / 2
    positive = [quantile(0.5 + (0.5 - delta) * step / 8) for step in range(1, 9)]
    negative = [quantile(delta + (0.5 - delta) * step / 7) for step in range(7)]
    return torch.tensor([*negative, 0.0, *positive]) / positive[-1]
    ### END SOLUTION


# %% test_nf4_codebook points=3
import torch

book = nf4_codebook()
assert book is not None, "nf4_codebook returned None: end it with `return`."
assert tuple(book.shape) == (16,), (
    f"Four bits name 16 values: the shape is (16,), not {tuple(book.shape)}. Is 0 there once?"
)
book = book.double()
assert (book[1:] > book[:-1]).all(), "Sort the values: code 0 is the lowest."
assert abs(book[0] + 1) < 1e-4 and abs(book[15] - 1) < 1e-4, (
    f"The ends are −1 and 1; yours are {book[0]:.4f} and {book[15]:.4f}: divide by the largest."
)
gaps = book[1:] - book[:-1]
assert gaps[7] < gaps[14] / 2, (
    "Near 0 the values are dense, at the ends they are wide apart: take quantiles, not even steps."
)
assert (book == 0).sum() == 1, "0 must be there exactly, not as 1e-9: put it in by hand."
assert int((book < 0).sum()) == 7, (
    f"Seven values lie below 0 and eight above; yours has {int((book < 0).sum())} below. Which half has 9 probabilities?"
)
assert abs(book[8] - 0.0796) < 2e-4, (
    f"The first value above 0 is 0.0796; yours is {book[8]:.4f}. Nine evenly spaced *probabilities*, from ½ to 1 − δ?"
)
### BEGIN HIDDEN TESTS
table = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)  # fmt: skip
low, high = (book - table).abs()[:8].max(), (book - table).abs()[8:].max()
assert high <= 1e-4, f"The positive half is off by {high:.4f}: are δ and the spacing right?"
assert low <= 1e-4, (
    f"The negative half is off by {low:.4f}: 8 evenly spaced probabilities from δ to ½, the last of them 0."
)
assert torch.equal(nf4_codebook().double(), book), "Call it twice, and it gives the same values."
### END HIDDEN TESTS

# %% [markdown]
# Compare yours with the table that bitsandbytes carries:

# %% tags=["skip-execution"]
from bitsandbytes.functional import get_4bit_type

theirs = get_4bit_type("nf4", device="cpu")
book = nf4_codebook().float()
print("yours: ", " ".join(f"{value:.3f}" for value in book.tolist()))
print(f"largest difference from bitsandbytes' table: {(book - theirs).abs().max():.1e}")

# %% [markdown]
# ### Is it better?
#
# Draw a million weights from a normal distribution, quantize them with all three codebooks at the usual block of 64, and
# measure the mean squared error. And because "made for the bell" is often told as "optimal for the bell", try to beat it:
# start from NF4 and let the values move to wherever the error gets smaller (each to the mean of the weights that it stands for,
# forty times over: Lloyd's algorithm; −1, 0 and 1 stay). The cell counts, too, how often each of NF4's values is used.

# %% tags=["skip-execution"]
from course.pictures.quantization import draw_errors

normal = torch.randn(2**20, generator=torch.Generator().manual_seed(0))


def error(weights, book, block=64):
    """Mean squared error of a round trip through your functions, over the mean squared weight."""
    back = dequantize(*quantize(weights, book, block), book, block)
    return float(((back - weights.flatten()) ** 2).mean() / (weights**2).mean())


moved = book.clone()
rows = normal.view(-1, 64)[:8192]  # half of the weights to learn from, all of them to judge by
scales = rows.abs().amax(dim=1, keepdim=True)
for _ in range(40):
    codes = quantize(rows, moved)[0].long()
    importance = (scales**2).expand_as(rows).flatten()  # an error counts as it comes back: times the scale, squared
    sums = torch.zeros(16).index_add_(0, codes, importance * (rows / scales).flatten())
    moved = sums / torch.zeros(16).index_add_(0, codes, importance)
    moved[0], moved[7], moved[15] = -1, 0, 1

errors = {
    "FP4": error(normal, fp4),
    "int4": error(normal, int4),
    "NF4": error(normal, book),
    "moved by\nthe error": error(normal, moved),
}
_ = show(*draw_errors(errors))
used = torch.bincount(quantize(normal, book)[0].long(), minlength=16) / normal.numel()
print(
    f"NF4's values stand for {used.min():.1%} to {used.max():.1%} of the weights each; an equal share would be {1 / 16:.2%}"
)
print(
    f"a ruler with all sixteen values, linspace(-1, 1, 16), has an error of {error(normal, torch.linspace(-1, 1, 16)):.4f}"
)

# %% [markdown]
# The codebook matters: the same four bits, and the ruler errs by over a third more. About half of that is the code that it does not use:
# see the last line. (But a ruler of sixteen has no exact zero.)
#
# And NF4 is *good*, not optimal. Equal shares are not least error. And the shares are not even equal: dividing by a block's largest
# weight changes the bell's shape, differently for each block size ([arXiv 2306.06965](https://arxiv.org/abs/2306.06965) works this out).
# So when the paper calls NF4 "information-theoretically optimal", it means equal shares of the bell itself. What counts is that NF4 is
# close, fixed and free.

# %% [markdown]
# ## 3 · How long is a block?
#
# Short blocks fit better. But each block carries its scale, a 32-bit number, and the scale counts, too.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "4-bit codes, blocks of 64, one 32-bit scale for each block. How many bits does a weight take?",
    Choice("4", "The codes do. The scales are there as well."),
    Choice("4.5", "Yes: 4 + 32/64. Half a bit sounds like little; for 65 billion weights it is 4 GB.", correct=True),
    Choice("36, because each weight needs its code and a scale", "64 weights share one scale."),
    Choice("4.0625", "That would be a scale of 4 bits for each block."),
)

# %% [markdown]
# QLoRA takes blocks of 64, and then does the same trick again. The scales are numbers, too. So quantize *them*: to 8 bits,
# in blocks of 256 scales, each block with one 32-bit scale of its own. That is **double quantization**. (bitsandbytes also
# subtracts the scales' mean first, since they are all positive: one number for a whole matrix, which we leave out. Its 8 bits are a
# codebook again, of 256 values.)
#
# ### Exercise 5 · Bits per parameter
#
# Write `bits_per_parameter(block=64, double_quant=False) -> float`.
#
# - **Input:** `block`, weights per block (a positive int); `double_quant`, a bool.
# - **Output:** bits that one weight takes, all included. Codes take 4 bits each. Without double quantization every block has a
#   32-bit scale. With it, every block has an 8-bit scale, and every 256 of these share one 32-bit number.
#
# <details><summary>Hint 1</summary>
#
# Whatever belongs to a block is shared by its `block` weights: divide by `block`.
# </details>
# <details><summary>Hint 2</summary>
#
# The 32-bit number is shared by 256 blocks, so by 256 × `block` weights.
# </details>


# %% bits_per_parameter
def bits_per_parameter(block=64, double_quant=False):
    """Bits of a 4-bit weight with its share of the scales."""
    ### BEGIN SOLUTION
    return 4 + (8 + 32 / 256 if double_quant else 32) / block
    ### END SOLUTION


# %% test_bits_per_parameter points=2
found = bits_per_parameter()
assert found is not None, "bits_per_parameter returned None: end it with `return`."
assert found != 4, "The codes take 4 bits, but each block has a scale as well."
assert abs(found - 4.5) < 1e-6, f"Blocks of 64 with a 32-bit scale: 4 + 32/64 = 4.5 bits; yours says {found}."
assert abs(bits_per_parameter(32) - 5.0) < 1e-6, "Blocks half as long cost twice as much: 4 + 32/32 = 5 bits."
double = bits_per_parameter(64, True)
assert abs(double - 4.125) > 1e-6, "The 8-bit scales need scales of their own: one 32-bit number for 256 of them."
assert abs(double - 4.25) > 1e-6, (
    "The 32-bit number is shared by 256 *blocks*, so by 256 × 64 weights, not by 256 weights."
)
assert abs(double - 4.126953125) < 1e-6, f"4 + 8/64 + 32/(64 × 256) is about 4.127 bits; yours says {double}."
### BEGIN HIDDEN TESTS
for block in (1, 16, 32, 100, 128, 256, 4096):
    single, double = bits_per_parameter(block), bits_per_parameter(block=block, double_quant=True)
    assert abs(single - (4 + 32 / block)) <= 1e-6 * single, f"Block {block}: 4 + 32/{block} bits, not {single}."
    expected = 4 + 8 / block + 32 / (256 * block)
    assert abs(double - expected) <= 1e-6 * expected, (
        f"Block {block} with double quantization: {expected} bits, not {double}."
    )
### END HIDDEN TESTS

# %% [markdown]
# There is the 0.127. Now both sides of the trade, on the weights of your model: the error of your round trip against the bits it
# takes, for block sizes from 16 to 4,096 (without double quantization, but for the star).

# %% tags=["skip-execution"]
from course.pictures.quantization import draw_blocks

chosen = list(matrices.values())[:: max(1, len(matrices) // 14)]  # about fourteen, from all layers
blocks = (16, 32, 64, 128, 256, 1024, 4096)


def mean_error(book, block):
    """The error of a round trip, averaged over the chosen matrices."""
    return sum(error(matrix, book, block) for matrix in chosen) / len(chosen)


curves = {name: [mean_error(book_, block) for block in blocks] for name, book_ in {"NF4": book, "int4": int4}.items()}
bits = {block: bits_per_parameter(block) for block in blocks}
star = bits_per_parameter(64, double_quant=True), curves["NF4"][2]  # the next section checks that its error is the same
_ = show(*draw_blocks(bits, curves, star))
nf4_error = dict(zip(blocks, curves["NF4"], strict=True))
for block in (16, 4096):
    print(
        f"NF4, from blocks of 64 to {block:>5,}: {bits[block] - bits[64]:+.2f} bits, error {nf4_error[block] / nf4_error[64] - 1:+.0%}"
    )
print(f"int4 at block 4,096 errs {curves['int4'][-1] / nf4_error[64]:.1f} times as much as NF4 at block 64.")

# %% [markdown]
# Start at blocks of 64. To the right, blocks of 16 buy about a quarter less error for one and a half bits. To the left, the longest save
# half a bit, and err by half as much again. 64 is a compromise, not a law.
#
# The star is the argument for double quantization: **for the price of blocks of 256 you get blocks of 64.**

# %% [markdown]
# ## 4 · bitsandbytes does the same
#
# You have built the parts. **bitsandbytes** is the library that QLoRA uses. Quantize a matrix of your model with both. Yours
# should agree with theirs: to the last code, and to rounding in float32.

# %% tags=["skip-execution"]
from bitsandbytes.functional import dequantize_4bit, quantize_4bit

matrix = list(matrices.values())[0].contiguous()
codes, scales = quantize(matrix, book)
mine = dequantize(codes, scales, book).view_as(matrix)
packed, state = quantize_4bit(matrix, blocksize=64, quant_type="nf4")
library = dequantize_4bit(packed, state)
pairs = torch.stack([packed.flatten() // 16, packed.flatten() % 16], dim=1).flatten()  # two codes in a byte
print(f"{matrix.numel():,} weights in {packed.numel():,} bytes")
print(f"codes that agree:             {(pairs == codes).float().mean():.3%}")
print(f"largest difference of scales: {(state.absmax - scales).abs().max():.1e}")
print(
    f"largest difference of weights {(library - mine).abs().max():.1e}  (the weights go up to {matrix.abs().max():.2f})"
)

packed, state = quantize_4bit(matrix, blocksize=64, quant_type="nf4", compress_statistics=True)
twice = dequantize_4bit(packed, state)
size = float((matrix**2).mean())
print(f"\nrelative squared error: {float(((library - matrix) ** 2).mean()) / size:.5f}")
print(f"… double quantization:  {float(((twice - matrix) ** 2).mean()) / size:.5f}")
used = library != 0
print(f"… which moved the scales by {float((twice[used] / library[used] - 1).abs().mean()):.1%} on average")

# %% [markdown]
# The scales lost 24 of their 32 bits, and the error barely moved. A scale that is off by so little moves each weight by as little.
# Its code had moved it far more.
#
# ## 5 · What does the model notice?
#
# Errors of weights are a means. What counts is what the model says. Every linear weight of your model had 32 bits (16 on a GPU),
# and now has about four. Commit yourself:

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "All linear weights go to NF4, in blocks of 64. By how much does the model's loss on text rise?",
    Choice(
        "It doubles",
        "Then nobody would use it. Each weight is off by a little, and none by much: its block sees to that.",
    ),
    Choice(
        "By about a quarter, since a weight keeps only a few of its digits",
        "A single weight loses that much precision. A sum over hundreds of weights loses far less: run the next cell.",
    ),
    Choice(
        "By a few percent, at most",
        "Yes: thousands of small errors with different signs largely cancel in a sum.",
        correct=True,
    ),
    Choice("Not at all, not in the last digit", "The weights did change, and so do the outputs, a little."),
)

# %% tags=["skip-execution"]
import math

from course.data import INSTRUCTION, general_text
from course.evaluation import measure_triage
from course.models import perplexity

texts = general_text(100, seed=52) + [row["text"] for row in draw_tickets(100, seed=53)]
fresh, examples = draw_tickets(200, seed=54), draw_tickets(3, seed=55)


def text_loss(model):
    """Mean loss per token (natural log) on stories and tickets."""
    return math.log(perplexity(model, full.tokenizer, texts))


loss, triage = {}, {}
for name, base in (("before", full), ("in 4 bits", four)):
    loss[name] = text_loss(base.model)
    triage[name] = measure_triage(base.model, base.tokenizer, fresh, INSTRUCTION, examples)
    memory = base.model.get_memory_footprint() / 1e6
    print(
        f"{name:10} loss {loss[name]:.4f}, triage valid {triage[name].valid:.0%}, all right {triage[name].correct:.0%}, {memory:,.1f} MB"
    )
print(f"\nThe loss changed by {loss['in 4 bits'] / loss['before'] - 1:+.2%}.")

# %% [markdown]
# That is real bitsandbytes NF4 with double quantization, the same that lesson 6 trains on. (Two hundred answers say little about
# a difference of a few points, since each answer is drawn at random. Lesson 7 shows how little.)
#
# The memory did not shrink to an eighth, as from 32 bits to 4 (or to a quarter, as from 16 bits on a GPU). bitsandbytes quantizes
# the linear maps only. Embeddings, norms and biases stay as they are, and in a small model the embeddings are a large share.
#
# ### So does block size not matter?
#
# Four bits cost almost nothing. It is tempting to conclude that any four bits will do: the ruler, one scale for a
# whole matrix. On this small, tidy model they nearly would. Large models are less tidy. Some of their *channels* (one place in the
# vector that travels through the layers) are many times as large as the rest
# ([LLM.int8(), arXiv 2208.07339](https://arxiv.org/abs/2208.07339), found them in the activations, and one can move them into the
# weights: [SmoothQuant, arXiv 2211.10438](https://arxiv.org/abs/2211.10438)).
#
# You can give your model such channels *without changing what it computes*. In front of a matrix stands a *norm*, which multiplies
# every channel by a number that was learned. Divide one of these numbers by 32, and multiply the column of weights behind it by 32.
# The two cancel: the same function, and one large column in nearly every matrix. (`down_proj` has no norm in front, but `up_proj`: there
# a row of it is divided. And 32 is our choice, not a measured size.)

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "The same function, with one column 32 times as large. Which 4-bit version suffers most?",
    Choice("NF4 in blocks of 64", "Only the blocks with a large weight suffer. The others keep their own scales."),
    Choice(
        "One scale for each whole matrix",
        "Yes. One large column sets the scale for all, and the others fall to a few codes, or to zero.",
        correct=True,
    ),
    Choice(
        "None: the function is the same before quantization, so it is the same after",
        "Quantization sees the weights, not the function.",
    ),
)


# %% tags=["skip-execution"]
def grow_channels(model, factor=32, seed=5):
    """Make one input channel large in every q, k, v, gate, up and down map, and divide it out before: same function."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in model.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            pairs = [
                (layer.input_layernorm.weight, (attention.q_proj, attention.k_proj, attention.v_proj)),
                (layer.post_attention_layernorm.weight, (mlp.gate_proj, mlp.up_proj)),
                (mlp.up_proj.weight, (mlp.down_proj,)),
            ]
            for source, targets in pairs:
                channel = int(torch.randint(len(source), (1,), generator=draw))
                source[channel] /= factor
                for target in targets:
                    target.weight[:, channel] *= factor


def loss_after(model, originals, book, block, shift=0):
    """The loss when these linear maps have been through your functions; the model is put back afterwards.

    A shift moves where blocks begin, by so many weights: as good a recipe as any other.
    """
    modules = dict(model.named_modules())
    for name, matrix in originals.items():
        size = block or matrix.numel()
        moved_on = matrix.flatten().roll(shift)
        back = dequantize(*quantize(moved_on, book, size), book, size).roll(-shift).view_as(matrix)
        modules[name].weight.data.copy_(back)
    result = text_loss(model)
    for name, matrix in originals.items():
        modules[name].weight.data.copy_(matrix)
    return result


recipes = {
    "NF4, block 64": (book, 64),
    "int4, block 64": (int4, 64),
    "NF4, block 1,024": (book, 1024),
    "NF4, whole matrix": (book, None),
    "int4, whole matrix": (int4, None),
}
rises = {"as it was": [], "with large channels": []}
for name in rises:
    if name == "with large channels":
        grow_channels(full.model)
        print(
            f"Loss with large channels, before quantization: {text_loss(full.model):.4f} (it was {loss['before']:.4f})"
        )
    originals = dict(
        list(linear_weights(full.model).items())[:28]
    )  # four layers: all of a small model, a part of a large one
    rises[name] = [
        100 * (loss_after(full.model, originals, *recipe) / loss["before"] - 1) for recipe in recipes.values()
    ]
    if name == "as it was":
        shifted = [100 * (loss_after(full.model, originals, book, 64, by) / loss["before"] - 1) for by in (13, 27, 41)]
        print("NF4, block 64, as it was; blocks that begin elsewhere:", ", ".join(f"{rise:+.1f} %" for rise in shifted))

# %% tags=["skip-execution"]
from course.pictures.quantization import draw_rises

_ = show(*draw_rises(list(recipes), rises))

# %% [markdown]
# Before quantization, both panels are the same function. In the left one hardly anything matters. Differences of less than a percent
# are luck: the printed line shows what merely moving the blocks' borders does to the same recipe. (So your 4-bit model's rise, above, is
# luck as well: not to be told from nothing.)
#
# In the right one, a scale for a whole matrix ruins the model, and blocks of 1,024 nearly as much: each of them holds several rows, and a
# large weight from every row. Blocks of 64 keep the damage small, and there the codebook shows as well: compare NF4 with int4.
#
# So the four bits are cheap *because* of the blocks and the codebook. They are insurance: half a bit a weight, or an eighth of a bit
# with double quantization, against the one large weight that you did not know about.

# %% [markdown]
# ## 6 · Learning through frozen weights
#
# Now the base is small. Why not train it, then, in its four bits?
#
# AdamW divides each gradient by its own running size, so a step moves a weight by about the learning rate, say 0.0002. A code can only
# jump to the next value. Try: take the quantized weights, move each by 0.0002 up or down, and round to the nearest value again (the
# scales stay as they are). A hundred steps in the same direction, rounded after each: to 4 bits, to bfloat16 (a common 16-bit format
# with few digits), and to float32.

# %% tags=["skip-execution"]
rate = 2e-4
codes, scales = quantize(matrix, book)
stored = dequantize(codes, scales, book)
direction = torch.randn(stored.shape, generator=torch.Generator().manual_seed(1)).sign()
own_scale = scales.repeat_interleave(64)[: len(stored)]


def to_four_bits(weights):
    """Each weight as the nearest value of its block, whose scale stays."""
    return book[((weights / own_scale)[:, None] - book).abs().argmin(dim=1)] * own_scale


formats = {"4 bits": to_four_bits, "bfloat16": lambda weights: weights.bfloat16().float(), "float32": torch.clone}
print(f"a hundred steps of {rate} should move each weight by {100 * rate:.2f}")
for name, rounded in formats.items():
    start = now = rounded(stored)
    for _ in range(100):
        now = rounded(now + rate * direction)
    far = (now - start).abs()
    print(
        f"{name:>8}: moved by {far.mean():.3f} on average; {(far == 0).float().mean():4.0%} of the weights never moved"
    )

# %% [markdown]
# In 4 bits each step is smaller than half the distance to the next value, so rounding undoes it. Every time. Small steps never add up.
# (If the scales were computed anew, one weight of each block could move: its largest, which *is* the scale. It would drag the
# others with it. That is no learning either.) bfloat16 already loses many of these steps: that is why what is trained is kept in
# float32.
#
# One could keep a float32 copy beside the codes, step there, and round for the forward pass only. That is *quantization-aware training*.
# It works, and needs the very memory that we want to save.
#
# QLoRA's answer: **leave the codes alone, and learn beside them.** The frozen weights are unpacked to 16 bits for the moment in
# which they are used. The adapter, in 32 bits, gets all the small steps.

# %% tags=["skip-execution"]
_ = show(*draw_flow())

# %% [markdown]
# For that, the gradient has to get *through* the 4-bit layers, to adapters in the layers before. It can. Quantization rounds, and
# rounding has no useful gradient; but nobody differentiates the rounding. The codes are constants. To the backward pass, the layer is an
# ordinary matrix, the unpacked one. Check it on one layer of the 4-bit model:

# %% tags=["skip-execution"]
layer = four.model.model.layers[0].mlp.down_proj  # a bitsandbytes Linear4bit
unpacked = dequantize_4bit(layer.weight.data, layer.weight.quant_state)
x = torch.randn(3, layer.in_features, generator=torch.Generator().manual_seed(2)).to(unpacked).requires_grad_()
ours = torch.nn.functional.linear(x, unpacked)
(theirs_gradient,) = torch.autograd.grad(layer(x).square().sum(), x)
(our_gradient,) = torch.autograd.grad(ours.square().sum(), x)
difference = (theirs_gradient - our_gradient).abs().max() / our_gradient.abs().max()
print(f"{type(layer).__name__}: weights stored as {layer.weight.dtype}, trained: {layer.weight.requires_grad}")
print(f"gradient through it, against an ordinary matrix: differs by {difference:.1e} of the largest")

# %% [markdown]
# There is a second reason. The adapter is trained on the base *as it is now*, with its rounding errors, so it can learn to make up for
# them. The paper found that QLoRA with NF4 reaches what 16-bit LoRA and full fine-tuning reach, on its academic benchmarks
# ([section 4](https://arxiv.org/abs/2305.14314); it compares with full fine-tuning on models of up to 11B only). You train one yourself in lesson 6.
#
# ### Storage is not computing
#
# Two types appear in every QLoRA configuration, and they are often confused:
#
# - the **storage** type, NF4: what lies in memory;
# - the **compute** type: what weights are unpacked to, and what the multiplication runs in.
#
# The paper computes in bfloat16. (Both 16-bit formats are floating-point numbers: bfloat16 reaches as far as float32, with fewer digits;
# float16 has more digits, and ends at 65,504.) A T4 cannot: its compute capability is 7.5, and bfloat16 arithmetic came with 8.0 (lesson 6 has the
# table). So on a T4 the compute type is **float16**. Be careful with one trap: on a T4, `torch.cuda.is_bf16_supported()` may
# say `True`, because by default it counts emulation, too (its signature reads `including_emulation=True`). Ask for the capability.

# %% tags=["skip-execution"]
from course.models import compute_dtype

capability = torch.cuda.get_device_capability() if torch.cuda.is_available() else None
here = f"Compute capability here: {capability}" if capability else "No GPU here, and on a CPU 32 bits are fine"
print(f"{here}. The course computes in {compute_dtype()}.")

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "You leave bnb_4bit_compute_dtype out of the configuration. Its default is float32. What happens on a T4?",
    Choice(
        "The weights take 32 bits in memory", "Storage is still NF4; only the numbers in the multiplication change."
    ),
    Choice(
        "It works, and is slow",
        "Yes. Each weight is unpacked to float32, and the T4's fast 16-bit units stand idle.",
        correct=True,
    ),
    Choice("An error, since a T4 has no float32", "Every GPU computes in float32."),
    Choice(
        "The quality suffers, because float32 is too precise for four bits",
        "More precision in the multiplication does no harm.",
    ),
)

# %% [markdown]
# ### Exercise 6 · Configure a T4
#
# Write `t4_config()`. It takes nothing and returns transformers' `BitsAndBytesConfig` for QLoRA on a T4: weights in
# 4 bits, of type NF4, with double quantization, computed in float16.
#
# <details><summary>Hint 1</summary>
#
# `from transformers import BitsAndBytesConfig`. All four settings are named arguments.
# </details>
# <details><summary>Hint 2</summary>
#
# `load_in_4bit`, and three that begin with `bnb_4bit_`: `quant_type`, `use_double_quant`, `compute_dtype`. The default
# type is FP4, the default compute type float32, and double quantization is off: so name them all.
# </details>


# %% t4_config
def t4_config():
    """QLoRA's quantization for a T4: NF4, double quantization, computed in float16."""
    ### BEGIN SOLUTION
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float16,
    )
    ### END SOLUTION


# %% test_t4_config points=2
import torch

config = t4_config()
assert config is not None, "t4_config returned None: end it with `return`."
assert type(config).__name__ == "BitsAndBytesConfig", (
    f"Return transformers' BitsAndBytesConfig, not a {type(config).__name__}."
)
assert config.load_in_4bit is True, "load_in_4bit is off, so nothing would be quantized to 4 bits."
assert config.bnb_4bit_quant_type == "nf4", (
    f"The type is {config.bnb_4bit_quant_type!r}, which is the default: ask for 'nf4'."
)
assert config.bnb_4bit_use_double_quant is True, (
    "Double quantization is off by default: bnb_4bit_use_double_quant=True."
)
assert config.bnb_4bit_compute_dtype != torch.bfloat16, "A T4 has no bfloat16: compute in float16."
assert config.bnb_4bit_compute_dtype != torch.float32, "float32 is the default, and slow on a T4: compute in float16."
### BEGIN HIDDEN TESTS
assert config.bnb_4bit_compute_dtype == torch.float16, (
    f"The compute type is {config.bnb_4bit_compute_dtype}, not float16."
)
assert config.load_in_8bit is False, "8 bits and 4 bits exclude each other."
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · The whole bill
#
# One peak is left. Memory is not level: it follows the longest text of each batch. A run may go well for an hour, then meet one
# long batch, and stop with "out of memory". A **paged optimizer** is QLoRA's answer. AdamW's state lies in memory that CPU and GPU
# share. When the GPU fills up, pages of it move to the CPU's memory, and come back when the optimizer needs them. You choose it by
# name in the trainer's settings: `optim="paged_adamw_32bit"`, or `"paged_adamw_8bit"`, whose state is smaller to begin with.
#
# Here is a run in numbers: Mistral 7B on a T4, rank 64, AdamW with its 32-bit state, batches of 8 texts, whose lengths vary, with
# *gradient checkpointing* (activations are thrown away and computed again: lesson 6). Memory is estimated, with the formula that
# you will explore next.

# %% tags=["skip-execution"]
import random

from course.pictures.memory import draw_peaks
from course.vram import GPUS

draw = random.Random(4)
lengths = [
    min(1_920, int(draw.lognormvariate(5.9, 0.7))) for _ in range(60)
]  # tokens of the longest text in each batch
needs = [estimate(Plan(MODELS["Mistral 7B"], rank=64, batch=8, length=length)) for length in lengths]
_ = show(*draw_peaks(needs, GPUS["T4"]))
peak = max(need.total for need in needs) / 1e9
shorter = estimate(Plan(MODELS["Mistral 7B"], rank=64, batch=8, length=1_024)).total / 1e9
eight = (
    estimate(Plan(MODELS["Mistral 7B"], rank=64, batch=8, length=max(lengths), eight_bit_optimizer=True)).total / 1e9
)
lower = estimate(Plan(MODELS["Mistral 7B"], rank=8, batch=8, length=max(lengths))).total / 1e9
print(
    f"The longest batch needs {peak:.1f} GB. Paging its optimizer out frees {max(need.optimizer for need in needs) / 1e9:.1f} GB."
)
print(
    f"What else would help: an 8-bit state {eight:.1f} GB; rank 8 {lower:.1f} GB; texts cut at 1,024 tokens {shorter:.1f} GB."
)

# %% [markdown]
# With LoRA the optimizer's state is small, so paging frees a gigabyte at rank 64, and little at rank 8. Cutting the longest texts frees more.
#
# And paging is for rare peaks. If *most* batches are too large, pages travel at every step, and the run crawls. Then shorten the texts, or the
# batch.
#
# ### Explorer: what fills the GPU?
#
# The bar below is the whole bill of a run. It starts with what lesson 4 would do: LoRA on Mistral 7B in 16 bits. Make it fit on a T4.
# Then find out which of your moves helped most; and, with gradient checkpointing off, how long the texts may get.
#
# Three of its parts are new. *Quantization constants* are the scales. *Logits* are the scores of every token of the vocabulary, at each
# place of the text. *CUDA and workspace* is what the GPU's own software takes.
#
# The formula is written out in `course/vram.py`, with what it leaves out. Its weights and activations agree with bytes counted on a CPU. It
# **has not been measured on a GPU yet**: take it as a guide, and leave room.

# %% tags=["skip-execution"]
from course.explorers.vram import explore_vram

explore_vram()

# %% [markdown]
# Done? Here are the moves, one by one, and the longest texts that fit.


# %% tags=["skip-execution"]
def gigabytes(**changes):
    """What the explorer's first run needs, with some of its settings changed."""
    settings = dict(base="16-bit", rank=16, batch=2, length=512, checkpointing=False) | changes
    return estimate(Plan(MODELS["Mistral 7B"], **settings)).total / 1e9


moves = {
    "as it starts": {},
    "rank 4": dict(rank=4),
    "batch of 1": dict(batch=1),
    "gradient checkpointing": dict(checkpointing=True),
    "QLoRA": dict(base="nf4"),
    "QLoRA and checkpointing": dict(base="nf4", checkpointing=True),
}
for name, changes in moves.items():
    print(f"{name:<24}{gigabytes(**changes):>6.1f} GB")
for checkpointing in (False, True):
    fitting = [
        n for n in range(64, 32_769, 64) if gigabytes(base="nf4", length=n, checkpointing=checkpointing) <= GPUS["T4"]
    ]
    print(
        f"QLoRA {'with' if checkpointing else 'without'} checkpointing: texts of up to {max(fitting):,} tokens, two at a time"
    )

# %% [markdown]
# QLoRA helps most, and alone it just fits. Checkpointing comes next, and alone it does not fit. Each takes away one of the two large
# parts; only together do they leave room. The rank hardly counts.
#
# ### The record
#
# An estimate is worth what its measurements are worth. This table is the place for them: six runs of real size, all with gradient
# checkpointing, AdamW with a 32-bit state, and dropout in the adapter.

# %% tags=["skip-execution"]
record = [  # model, how its linear weights are stored, rank, batch, tokens per text
    ("Qwen2.5 0.5B", "16-bit", 16, 8, 512),
    ("Qwen2.5 0.5B", "nf4", 16, 8, 512),
    ("Qwen2.5 1.5B", "nf4", 16, 8, 512),
    ("Qwen2.5 3B", "nf4", 16, 8, 512),
    ("Mistral 7B", "nf4", 16, 8, 512),
    ("Mistral 7B", "16-bit", 16, 1, 512),
]
print(f"{'model':<14}{'base':<8}{'rank':>4}{'batch':>7}{'length':>8}{'estimate':>13}   {'T4 (15 GB)':<12}measured peak")
for name, base, rank, batch, length in record:
    total = estimate(Plan(MODELS[name], base, rank, batch, length)).total / 1e9
    fits = "fits" if total <= GPUS["T4"] else "too large"
    print(
        f"{name:<14}{base:<8}{rank:>4}{batch:>7}{length:>8}{total:>10.1f} GB   {fits:<12}unmeasured: no GPU at hand yet"
    )

# %% [markdown]
# The last column is empty because nobody has run these six on a GPU for this course so far. So the error of the estimate is **unknown**.
# If you have one: `torch.cuda.max_memory_allocated()` after a few training steps is the number that belongs there.
#
# ## Key takeaways
#
# - **LoRA shrinks gradients and optimizer state. Quantization shrinks the frozen weights.** QLoRA is both.
# - **A 4-bit weight is a code:** the place of one of sixteen values, times the scale of its block.
# - **Blocks contain the damage** of a large weight. They cost 32/64 bits a weight; double quantization makes that 0.127.
# - **NF4 puts its values where weights are.** It beats int4 and FP4 on a bell, and is good, not optimal.
# - **Four bits cost almost nothing in loss,** with good blocks and a good codebook. With bad ones they can cost a great deal.
# - **Frozen codes cannot take small steps, and need not:** gradients pass through them to an adapter in 32 bits.
# - **Storage is not computing.** NF4 in memory; float16 in the multiplication on a T4, which has no bfloat16.

# %% tags=["skip-execution"]
import os

used = (time.process_time() - started) / 60
print(
    f"Since the first measurement this notebook has used {used:.1f} minutes of processor time, on {os.cpu_count()} cores."
)

# %% [markdown]
# ## Knowledge check
#
# Eight questions. Passing takes 80 %, so seven of them, and it is what marks this lesson complete. You may try as often as you like.

# %% tags=["skip-execution"]
# @title Knowledge check
course.knowledge_check(
    "lesson05_qlora",
    Question(
        "You switch from full fine-tuning to LoRA on a 16-bit base. Which part of the memory does NOT shrink?",
        Choice("The gradients", "One for each trained weight: they shrink with the adapter."),
        Choice("The optimizer state", "Two numbers for each trained weight: it shrinks as well."),
        Choice("The weights of the base", "Yes. They are frozen, and they must all be there.", correct=True),
        Choice(
            "None of them: LoRA makes every part of the memory smaller", "Every part that belongs to *trained* weights."
        ),
    ),
    Question(
        "A block holds 0.1, −0.3, 0.2 and −6.0. What is its scale?",
        Choice("6.0", "Yes: the largest absolute value. The other three will be hit hard.", correct=True),
        Choice("−6.0", "Absmax takes the absolute value; a negative scale would turn the block around."),
        Choice("0.2, the largest positive value", "−6.0 / 0.2 = −30 lies far outside of the codebook."),
        Choice("1.65, the mean of the absolute values", "Then −6.0 would not fit between −1 and 1."),
    ),
    Question(
        "Why are NF4's values closer together near 0?",
        Choice("Because small numbers are stored with more bits", "Every code has four bits."),
        Choice(
            "Because most weights are small",
            "Yes: the values are dense where the weights are.",
            correct=True,
        ),
        Choice(
            "Because floating-point numbers are always denser near 0, and NF4 is one of them",
            "NF4 is a table. It has no exponent.",
        ),
    ),
    Question(
        "A colleague writes: 'NF4 has the least error of all 4-bit types on normal weights.' What did you measure?",
        Choice(
            "It has: no other codebook had a smaller error", "One did: the one whose values were moved by the error."
        ),
        Choice("It is worse than int4", "On normal weights it was clearly better than int4 and FP4."),
        Choice(
            "FP4 has a smaller error, since it is a real floating-point format",
            "Compare the bars again: at block 64, FP4 had the largest error.",
        ),
        Choice(
            "It is good, but other values have a smaller error", "Yes. Equal shares are not least error.", correct=True
        ),
    ),
    Question(
        "Double quantization takes a 65B model from 4.5 to 4.127 bits a weight. How much memory is that?",
        Choice("About 3 GB", "Yes: 65e9 × 0.373 / 8 is 3.0e9 bytes.", correct=True),
        Choice("About 24 GB", "Those are gigabits: divide by 8."),
        Choice("About 0.3 GB, hardly worth the trouble", "Ten times too little."),
    ),
    Question(
        "Why does QLoRA not train the 4-bit weights themselves?",
        Choice("Because bitsandbytes forbids it for reasons of licence", "The reason is arithmetic."),
        Choice(
            "Because a step is far smaller than the distance between codes",
            "Yes: with its scale fixed, rounding undoes each of them.",
            correct=True,
        ),
        Choice(
            "Because gradients cannot pass through a 4-bit layer",
            "They can, and must, to reach the adapters of earlier layers.",
        ),
    ),
    Question(
        "A 7B model is loaded with load_in_4bit=True, and nothing else, on a T4. What do you get?",
        Choice(
            "NF4 with double quantization, computed in float16, as in the paper",
            "None of these is a default; and the paper computed in bfloat16.",
        ),
        Choice("An error: the compute type is missing", "It has a default."),
        Choice(
            "FP4, without double quantization, computed in float32",
            "Yes, these are the defaults. So name all four settings.",
            correct=True,
        ),
    ),
    Question(
        "A QLoRA run stops, out of memory, at step 700: one batch was very long. What fits this problem?",
        Choice("A larger lora_alpha", "It scales the adapter's output. It changes no size of anything."),
        Choice("A smaller learning rate", "Steps get shorter. Memory stays as it is."),
        Choice(
            "Blocks of 32 instead of 64 weights, which makes the quantized weights smaller",
            "They would take more bits: 4 + 32/32.",
        ),
        Choice("A paged optimizer", "Yes: its state moves out while the peak lasts. Or cap the length.", correct=True),
    ),
    pass_mark=0.8,
)

# %% [markdown]
# ## What comes next
#
# The base fits, in four bits, and you know that gradients pass through it. But nothing has learned yet: your 4-bit model answers
# tickets as the base did. In **lesson 6** you put all the parts together, data, adapter and quantized base, and train: the whole
# run, with its precision, schedule and checkpoints, and tickets answered before and after.

# %% tags=["skip-execution"]
course.progress()
