# %% [markdown]
# ## weights_gb


# %% weights_gb wrong="forgets that eight bits are a byte"
def weights_gb(parameters, bits):
    return parameters * bits / 1e9


# %% weights_gb wrong="returns GiB"
def weights_gb(parameters, bits):
    return parameters * bits / 8 / 1024**3


# %% weights_gb wrong="returns megabytes"
def weights_gb(parameters, bits):
    return parameters * bits / 8 / 1e6


# %% weights_gb wrong="takes whole bytes for each weight"
def weights_gb(parameters, bits):
    return parameters * (bits // 8) / 1e9


# %% weights_gb wrong="rounds to one decimal"
def weights_gb(parameters, bits):
    return round(parameters * bits / 8e9, 1)


# %% weights_gb right="counts bytes first"
def weights_gb(parameters, bits):
    total_bits = parameters * bits
    n_bytes = total_bits * 0.125
    return float(n_bytes) / 10**9


# %% [markdown]
# ## quantize


# %% quantize wrong="takes the largest value, not the largest absolute value"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.amax(dim=1)
    scaled = rows / torch.where(scales != 0, scales, 1.0)[:, None]
    codes = (scaled[..., None] - codebook).abs().argmin(dim=-1)
    return codes.flatten()[: len(flat)].to(torch.uint8), scales


# %% quantize wrong="takes the next value below, not the nearest"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = torch.searchsorted(codebook.float(), scaled, right=True) - 1
    return codes.clamp(0).flatten()[: len(flat)].to(torch.uint8), scales


# %% quantize wrong="one scale for all weights"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    scale = flat.abs().max().clamp(min=1e-12)
    codes = (flat[:, None] / scale - codebook).abs().argmin(dim=-1)
    return codes.to(torch.uint8), scale.repeat(-(-len(flat) // block))


# %% quantize wrong="looks for the nearest value without dividing by the scale"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    codes = (rows[..., None] - codebook).abs().argmin(dim=-1)
    return codes.flatten()[: len(flat)].to(torch.uint8), rows.abs().amax(dim=1)


# %% quantize wrong="goes down the columns of a matrix"
def quantize(weights, codebook, block=64):
    flat = weights.T.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = (scaled[..., None] - codebook).abs().argmin(dim=-1)
    return codes.flatten()[: len(flat)].to(torch.uint8), scales


# %% quantize wrong="returns nothing"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = (scaled[..., None] - codebook).abs().argmin(dim=-1)
    print(codes.flatten()[: len(flat)].to(torch.uint8), scales)


# %% quantize wrong="drops the last, shorter block"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = flat[: len(flat) // block * block].view(-1, block)
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = (scaled[..., None] - codebook).abs().argmin(dim=-1)
    return codes.flatten().to(torch.uint8), scales


# %% quantize wrong="keeps the codes of the padding"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = (scaled[..., None] - codebook).abs().argmin(dim=-1)
    return codes.flatten().to(torch.uint8), scales


# %% quantize wrong="divides by zero in a block of zeros, and NaN falls off the codebook"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    middles = (codebook[1:] + codebook[:-1]).float() / 2
    codes = torch.bucketize(rows / scales[:, None], middles)
    codes = torch.where(torch.isnan(rows / scales[:, None]), len(codebook), codes)
    return codes.flatten()[: len(flat)].to(torch.uint8), scales


# %% quantize wrong="gives a block of zeros the scale 1"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    scales = torch.where(scales > 0, scales, 1.0)
    codes = (rows[..., None] / scales[:, None, None] - codebook).abs().argmin(dim=-1)
    return codes.flatten()[: len(flat)].to(torch.uint8), scales


# %% quantize wrong="returns int64 codes"
def quantize(weights, codebook, block=64):
    flat = weights.flatten().float()
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = (scaled[..., None] - codebook).abs().argmin(dim=-1)
    return codes.flatten()[: len(flat)], scales


# %% quantize wrong="divides the learner's weights in place"
def quantize(weights, codebook, block=64):
    flat = weights.view(-1)
    scales = torch.stack([piece.abs().max() for piece in flat.split(block)])
    for piece, scale in zip(flat.split(block), scales):
        if scale > 0:
            piece /= scale
    return (flat[:, None] - codebook).abs().argmin(dim=-1).to(torch.uint8), scales


# %% quantize wrong="makes each row of the matrix a block"
def quantize(weights, codebook, block=64):
    rows = weights.float().reshape(-1, weights.shape[-1])
    scales = rows.abs().amax(dim=1)
    scaled = rows / torch.where(scales > 0, scales, 1.0)[:, None]
    return (scaled[..., None] - codebook).abs().argmin(dim=-1).flatten().to(torch.uint8), scales


# %% quantize right="looks up the middles between neighbours"
def quantize(weights, codebook, block=64):
    flat = weights.reshape(-1).to(torch.float64)
    scales = torch.stack([piece.abs().max() for piece in torch.split(flat, block)])
    own = scales.repeat_interleave(block)[: flat.numel()]
    scaled = torch.where(own > 0, flat / own, torch.zeros_like(flat))
    book = codebook.double()
    codes = torch.bucketize(scaled, (book[1:] + book[:-1]) / 2)
    return codes.to(torch.uint8), scales.float()


# %% quantize right="goes block by block, with NumPy"
import numpy as np


def quantize(weights, codebook, block=64):
    flat, book = weights.float().numpy().ravel(), codebook.float().numpy()
    codes, scales = [], []
    for start in range(0, flat.size, block):
        piece = flat[start : start + block]
        scale = np.abs(piece).max()
        codes.append(np.abs(piece[:, None] - scale * book[None, :]).argmin(axis=1))
        scales.append(scale)
    return torch.from_numpy(np.concatenate(codes).astype(np.uint8)), torch.tensor(scales)


# %% [markdown]
# ## dequantize


# %% dequantize wrong="repeats the list of scales instead of each scale"
def dequantize(codes, scales, codebook, block=64):
    values = codebook.float()[codes.long()]
    return values * scales.float().repeat(block)[: len(values)]


# %% dequantize wrong="divides by the scale"
def dequantize(codes, scales, codebook, block=64):
    values = codebook.float()[codes.long()]
    return values / scales.float().repeat_interleave(block)[: len(values)]


# %% dequantize wrong="needs n to be divisible by the block"
def dequantize(codes, scales, codebook, block=64):
    values = codebook.float()[codes.long()].view(-1, block)
    return (values * scales.float()[:, None]).flatten()


# %% dequantize wrong="pads the last block and keeps the padding"
def dequantize(codes, scales, codebook, block=64):
    padded = torch.nn.functional.pad(codes.long(), (0, -len(codes) % block)).view(-1, block)
    return (codebook.float()[padded] * scales.float()[:, None]).flatten()


# %% dequantize wrong="returns the codebook's type"
def dequantize(codes, scales, codebook, block=64):
    values = codebook[codes.long()]
    return values * scales.to(codebook.dtype).repeat_interleave(block)[: len(values)]


# %% dequantize wrong="takes the codes for the values"
def dequantize(codes, scales, codebook, block=64):
    return codes.float() / (len(codebook) - 1) * scales.float().repeat_interleave(block)[: len(codes)]


# %% dequantize wrong="ignores the block it is given"
def dequantize(codes, scales, codebook, block=64):
    values = codebook.float()[codes.long()]
    return values * scales.float().repeat_interleave(64)[: len(values)]


# %% dequantize right="computes each weight's block number"
def dequantize(codes, scales, codebook, block=64):
    place = torch.arange(codes.numel()) // block
    return (codebook.double()[codes.int().flatten()] * scales.double()[place]).to(torch.float32)


# %% dequantize right="pads, multiplies rows and cuts"
def dequantize(codes, scales, codebook, block=64):
    n = codes.numel()
    table = torch.zeros(len(scales) * block)
    table[:n] = torch.take(codebook.float(), codes.reshape(-1).long())
    return (table.reshape(-1, block) * scales.float().unsqueeze(1)).reshape(-1)[:n]


# %% [markdown]
# ## nf4_codebook


# %% nf4_codebook wrong="evenly spaced values"
def nf4_codebook():
    return torch.linspace(-1, 1, 16)


# %% nf4_codebook wrong="sixteen symmetric quantiles, without a zero"
def nf4_codebook():
    from statistics import NormalDist

    values = torch.tensor([NormalDist().inv_cdf((2 * k + 1) / 32) for k in range(16)])
    return values / values.max()


# %% nf4_codebook wrong="does not divide by the largest"
def nf4_codebook():
    delta = (1 / 32 + 1 / 30) / 2
    negative = torch.special.ndtri(torch.linspace(delta, 0.5, 8).double())[:-1]
    positive = torch.special.ndtri(torch.linspace(0.5, 1 - delta, 9).double())[1:]
    return torch.cat([negative, torch.zeros(1), positive])


# %% nf4_codebook wrong="swaps the halves: eight values below zero"
def nf4_codebook():
    delta = (1 / 32 + 1 / 30) / 2
    negative = torch.special.ndtri(torch.linspace(delta, 0.5, 9))[:-1]
    positive = torch.special.ndtri(torch.linspace(0.5, 1 - delta, 8))[1:]
    return torch.cat([negative, torch.zeros(1), positive]) / positive[-1]


# %% nf4_codebook wrong="keeps the zero of both halves"
def nf4_codebook():
    delta = (1 / 32 + 1 / 30) / 2
    negative = torch.special.ndtri(torch.linspace(delta, 0.5, 8))
    positive = torch.special.ndtri(torch.linspace(0.5, 1 - delta, 9))
    return torch.cat([negative, positive]) / positive[-1]


# %% nf4_codebook wrong="stops at 1/32 on both sides"
def nf4_codebook():
    negative = torch.special.ndtri(torch.linspace(1 / 32, 0.5, 8))[:-1]
    positive = torch.special.ndtri(torch.linspace(0.5, 31 / 32, 9))[1:]
    return torch.cat([negative, torch.zeros(1), positive]) / positive[-1]


# %% nf4_codebook wrong="spaces the values evenly between the quantiles at the ends"
def nf4_codebook():
    return torch.cat([torch.linspace(-1, 0, 8)[:-1], torch.linspace(0, 1, 9)])


# %% nf4_codebook wrong="lists the values from the highest to the lowest"
def nf4_codebook():
    delta = (1 / 32 + 1 / 30) / 2
    negative = torch.special.ndtri(torch.linspace(delta, 0.5, 8))[:-1]
    positive = torch.special.ndtri(torch.linspace(0.5, 1 - delta, 9))[1:]
    return (torch.cat([negative, torch.zeros(1), positive]) / positive[-1]).flip(0)


# %% nf4_codebook right="mirrors positive quantiles, in PyTorch"
def nf4_codebook():
    top = 0.9677083
    up = torch.special.ndtri(torch.linspace(top, 0.5, 9, dtype=torch.float64)[:-1])
    down = -torch.special.ndtri(torch.linspace(top, 0.5, 8, dtype=torch.float64)[:-1])
    values = torch.cat([up, down, torch.zeros(1, dtype=torch.float64)])
    return values.sort().values / values.max()


# %% nf4_codebook right="uses SciPy, as bitsandbytes does"
import numpy as np
from scipy.stats import norm


def nf4_codebook():
    up = norm.ppf(np.linspace(0.5, 0.9677083, 9))[1:]
    down = norm.ppf(np.linspace(1 - 0.9677083, 0.5, 8))[:7]
    values = np.concatenate([down, [0], up]) / up[-1]
    return torch.tensor(values, dtype=torch.float32)


# %% [markdown]
# ## bits_per_parameter


# %% bits_per_parameter wrong="leaves out the scales"
def bits_per_parameter(block=64, double_quant=False):
    return 4.0


# %% bits_per_parameter wrong="stores the scales in 16 bits"
def bits_per_parameter(block=64, double_quant=False):
    return 4 + 8 / block + 32 / (256 * block) if double_quant else 4 + 16 / block


# %% bits_per_parameter wrong="leaves out the scales of the scales"
def bits_per_parameter(block=64, double_quant=False):
    return 4 + (8 if double_quant else 32) / block


# %% bits_per_parameter wrong="shares the last number among 256 weights, not blocks"
def bits_per_parameter(block=64, double_quant=False):
    return 4 + 8 / block + 32 / 256 if double_quant else 4 + 32 / block


# %% bits_per_parameter wrong="ignores the size of the block"
def bits_per_parameter(block=64, double_quant=False):
    return 4.126953125 if double_quant else 4.5


# %% bits_per_parameter wrong="adds the 8-bit scales to the 32-bit ones"
def bits_per_parameter(block=64, double_quant=False):
    bits = 4 + 32 / block
    return bits + 8 / block if double_quant else bits


# %% bits_per_parameter right="counts the bits of 256 blocks"
def bits_per_parameter(block=64, double_quant=False):
    weights = 256 * block
    scales = 256 * 8 + 32 if double_quant else 256 * 32
    return (4 * weights + scales) / weights


# %% bits_per_parameter right="adds step by step"
def bits_per_parameter(block=64, double_quant=False):
    total = 4.0
    if double_quant:
        total += 8.0 / block
        total += 32.0 / block / 256.0
    else:
        total += 32.0 / block
    return total


# %% [markdown]
# ## t4_config


# %% t4_config wrong="computes in bfloat16, as the paper does"
from transformers import BitsAndBytesConfig


def t4_config():
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


# %% t4_config wrong="leaves the compute type at its default"
from transformers import BitsAndBytesConfig


def t4_config():
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)


# %% t4_config wrong="leaves the type at FP4"
from transformers import BitsAndBytesConfig


def t4_config():
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float16)


# %% t4_config wrong="forgets double quantization"
from transformers import BitsAndBytesConfig


def t4_config():
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float16)


# %% t4_config wrong="loads in 8 bits"
from transformers import BitsAndBytesConfig


def t4_config():
    return BitsAndBytesConfig(
        load_in_8bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float16,
    )


# %% t4_config wrong="returns a dict"
def t4_config():
    return {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": torch.float16,
    }


# %% t4_config right="names the type as text, and builds from a dict"
import transformers


def t4_config():
    settings = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "float16"}
    settings["bnb_4bit_use_double_quant"] = True
    settings["bnb_4bit_quant_type"] = "nf4"
    return transformers.BitsAndBytesConfig(**settings)


# %% t4_config right="sets the fields afterwards"
from transformers import BitsAndBytesConfig


def t4_config():
    config = BitsAndBytesConfig(load_in_4bit=True)
    config.bnb_4bit_quant_type = "nf4"
    config.bnb_4bit_use_double_quant = True
    config.bnb_4bit_compute_dtype = torch.float16
    return config
