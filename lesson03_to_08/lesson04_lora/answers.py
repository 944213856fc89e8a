# %% [markdown]
# ## lora_forward


# %% lora_forward wrong="forgets to divide alpha by the rank"
def lora_forward(x, W, A, B, alpha):
    return x @ W.T + alpha * (x @ A.T @ B.T)


# %% lora_forward wrong="forms B A and adds it to W"
def lora_forward(x, W, A, B, alpha):
    return x @ (W + (alpha / A.shape[0]) * (B @ A)).T


# %% lora_forward wrong="forms B A beside x W"
def lora_forward(x, W, A, B, alpha):
    change = A.T @ B.T
    return x @ W.T + (alpha / A.shape[0]) * (x @ change)


# %% lora_forward wrong="loses the frozen path"
def lora_forward(x, W, A, B, alpha):
    return (alpha / A.shape[0]) * (x @ A.T @ B.T)


# %% lora_forward wrong="takes the rank from the wrong side of A"
def lora_forward(x, W, A, B, alpha):
    return x @ W.T + (alpha / A.shape[1]) * (x @ A.T @ B.T)


# %% lora_forward wrong="divides by the square root of the rank, as rsLoRA does"
def lora_forward(x, W, A, B, alpha):
    return x @ W.T + (alpha / A.shape[0] ** 0.5) * (x @ A.T @ B.T)


# %% lora_forward wrong="adds alpha where it should multiply"
def lora_forward(x, W, A, B, alpha):
    return x @ W.T + alpha / A.shape[0] + x @ A.T @ B.T


# %% lora_forward wrong="converts everything to float32"
def lora_forward(x, W, A, B, alpha):
    x, W, A, B = x.float(), W.float(), A.float(), B.float()
    return x @ W.T + (alpha / A.shape[0]) * (x @ A.T @ B.T)


# %% lora_forward wrong="forgets that a layer's weight is transposed"
def lora_forward(x, W, A, B, alpha):
    return x @ W.T + (alpha / A.shape[0]) * (x @ A @ B)


# %% lora_forward right="uses torch.nn.functional.linear"
import torch.nn.functional as F


def lora_forward(x, W, A, B, alpha):
    low = F.linear(x, A)
    return F.linear(x, W) + F.linear(low, B).mul(alpha / B.shape[1])


# %% lora_forward right="uses einsum and scales x"
import torch


def lora_forward(x, W, A, B, alpha):
    rank = len(A)
    down = torch.einsum("ni,ri->nr", x * (alpha / rank), A)
    return torch.einsum("nr,or->no", down, B) + torch.einsum("ni,oi->no", x, W)


# %% [markdown]
# ## lora_params


# %% lora_params wrong="counts A only"
def lora_params(shapes, rank):
    return sum(rank * d_in for d_out, d_in in shapes)


# %% lora_params wrong="multiplies d_out and d_in"
def lora_params(shapes, rank):
    return sum(rank * d_out * d_in for d_out, d_in in shapes)


# %% lora_params wrong="counts the frozen weights, too"
def lora_params(shapes, rank):
    return sum(d_out * d_in + rank * (d_out + d_in) for d_out, d_in in shapes)


# %% lora_params wrong="counts the first matrix only"
def lora_params(shapes, rank):
    d_out, d_in = shapes[0]
    return rank * (d_out + d_in)


# %% lora_params wrong="crashes on an empty list"
from functools import reduce


def lora_params(shapes, rank):
    return reduce(lambda first, second: first + second, [rank * (d_out + d_in) for d_out, d_in in shapes])


# %% lora_params wrong="takes every matrix for a square one"
def lora_params(shapes, rank):
    return sum(2 * rank * d_in for d_out, d_in in shapes)


# %% lora_params wrong="returns a float"
def lora_params(shapes, rank):
    return float(sum(rank * (d_out + d_in) for d_out, d_in in shapes))


# %% lora_params wrong="returns nothing"
def lora_params(shapes, rank):
    print(sum(rank * (d_out + d_in) for d_out, d_in in shapes))


# %% lora_params right="adds up A and B in a loop"
def lora_params(shapes, rank):
    total = 0
    for shape in shapes:
        of_a = rank * shape[1]
        of_b = shape[0] * rank
        total += of_a + of_b
    return total


# %% lora_params right="takes the rank out of the sum"
def lora_params(shapes, rank):
    return rank * sum(map(sum, shapes))


# %% [markdown]
# ## effective_rank


# %% effective_rank wrong="reads the rank off the shape"
def effective_rank(A, B):
    return A.shape[0]


# %% effective_rank wrong="computes in the dtype it is given"
def effective_rank(A, B):
    return int(torch.linalg.matrix_rank(B @ A))


# %% effective_rank wrong="computes in float32"
def effective_rank(A, B):
    return int(torch.linalg.matrix_rank(B.float() @ A.float()))


# %% effective_rank wrong="multiplies in float32, then converts"
def effective_rank(A, B):
    return int(torch.linalg.matrix_rank((B.float() @ A.float()).double()))


# %% effective_rank wrong="multiplies in the dtype it is given, then converts"
def effective_rank(A, B):
    return int(torch.linalg.matrix_rank((B @ A).double()))


# %% effective_rank wrong="multiplies in the wrong order"
def effective_rank(A, B):
    return int(torch.linalg.matrix_rank(A.double() @ B.double()))


# %% effective_rank wrong="takes the smaller rank of A and B"
def effective_rank(A, B):
    return min(int(torch.linalg.matrix_rank(A.double())), int(torch.linalg.matrix_rank(B.double())))


# %% effective_rank wrong="counts singular values above a fixed threshold"
def effective_rank(A, B):
    return int((torch.linalg.svdvals(B.double() @ A.double()) > 1e-6).sum())


# %% effective_rank wrong="counts every singular value above zero"
def effective_rank(A, B):
    return int((torch.linalg.svdvals(B.double() @ A.double()) > 0).sum())


# %% effective_rank wrong="returns a tensor"
def effective_rank(A, B):
    return torch.linalg.matrix_rank(B.double() @ A.double())


# %% effective_rank right="counts singular values above NumPy's threshold"
import numpy as np


def effective_rank(A, B):
    product = B.detach().double().numpy() @ A.detach().double().numpy()
    return int(np.linalg.matrix_rank(product))


# %% effective_rank right="counts singular values by hand, relative to the largest"
def effective_rank(A, B):
    product = torch.matmul(B.to(torch.float64), A.to(torch.float64))
    strengths = torch.linalg.svdvals(product)
    threshold = strengths.max() * max(product.shape) * torch.finfo(torch.float64).eps
    return (strengths > threshold).sum().item()


# %% [markdown]
# ## merge


# %% merge wrong="changes W in place"
def merge(W, A, B, alpha):
    W += (alpha / A.shape[0]) * (B @ A)
    return W


# %% merge wrong="forgets to divide alpha by the rank"
def merge(W, A, B, alpha):
    return W + alpha * (B @ A)


# %% merge wrong="returns the change only"
def merge(W, A, B, alpha):
    return (alpha / A.shape[0]) * (B @ A)


# %% merge wrong="multiplies in the wrong order"
def merge(W, A, B, alpha):
    return W + (alpha / A.shape[0]) * (A @ B)


# %% merge wrong="forgets alpha / r"
def merge(W, A, B, alpha):
    return W + B @ A


# %% merge wrong="divides by the wrong side of B"
def merge(W, A, B, alpha):
    return W + (alpha / B.shape[0]) * (B @ A)


# %% merge wrong="scales W, too"
def merge(W, A, B, alpha):
    return (alpha / A.shape[0]) * (W + B @ A)


# %% merge right="works on a copy, in place"
def merge(W, A, B, alpha):
    merged = W.clone()
    merged.add_(B @ A, alpha=alpha / len(A))
    return merged


# %% merge right="uses addmm"
import torch


def merge(W, A, B, alpha):
    return torch.addmm(W, B, A, beta=1, alpha=alpha / B.shape[1])


# %% merge right="adds one pattern after the other"
def merge(W, A, B, alpha):
    rank = A.shape[0]
    return W + sum(B[:, [k]] * A[[k], :] for k in range(rank)) * (alpha / rank)


# %% [markdown]
# ## lora_config


# %% lora_config wrong="adapts q and v only"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "v_proj"], lora_dropout=0.05, task_type="CAUSAL_LM"
    )


# %% lora_config wrong="adapts attention only"
from peft import LoraConfig


def lora_config(rank):
    attention = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=attention, lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="leaves the modules to PEFT"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="adapts the output layer, too"
from peft import LoraConfig


def lora_config(rank):
    modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head"]
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=modules, lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="misspells all-linear"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all_linear", lora_dropout=0.05, task_type="CAUSAL_LM"
    )


# %% lora_config wrong="adapts the MLP only"
from peft import LoraConfig


def lora_config(rank):
    modules = ["gate_proj", "up_proj", "down_proj"]
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=modules, lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="misspells a module"
from peft import LoraConfig


def lora_config(rank):
    modules = ["q_proj", "k_proj", "v_proj", "out_proj", "gate_proj", "up_proj", "down_proj"]
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=modules, lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="sets alpha to the rank"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(r=rank, lora_alpha=rank, target_modules="all-linear", lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="fixes alpha at 16"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(r=rank, lora_alpha=16, target_modules="all-linear", lora_dropout=0.05, task_type="CAUSAL_LM")


# %% lora_config wrong="forgets the task"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.05)


# %% lora_config wrong="leaves dropout at PEFT's default"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")


# %% lora_config wrong="trains biases"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.05, bias="all", task_type="CAUSAL_LM"
    )


# %% lora_config wrong="switches rsLoRA on"
from peft import LoraConfig


def lora_config(rank):
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.05, use_rslora=True,
        task_type="CAUSAL_LM",
    )  # fmt: skip


# %% lora_config wrong="returns a dict"
def lora_config(rank):
    return dict(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.05, task_type="CAUSAL_LM", bias="none"
    )


# %% lora_config right="lists the seven modules"
from peft import LoraConfig, TaskType


def lora_config(rank):
    modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return LoraConfig(
        task_type=TaskType.CAUSAL_LM, target_modules=modules, r=rank, lora_alpha=rank * 2, lora_dropout=0.05
    )


# %% lora_config right="names the modules by a pattern"
import peft


def lora_config(rank):
    return peft.LoraConfig(
        r=rank, lora_alpha=2.0 * rank, target_modules=r".*_proj", lora_dropout=5e-2, bias="none", task_type="CAUSAL_LM"
    )


# %% lora_config right="unpacks a dict"
from peft import LoraConfig


def lora_config(rank):
    fields = {"r": rank, "lora_alpha": rank + rank, "lora_dropout": 1 / 20, "target_modules": "all-linear"}
    return LoraConfig(**fields, task_type="CAUSAL_LM")
