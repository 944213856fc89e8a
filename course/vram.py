"""Estimate the GPU memory of a fine-tuning run, part by part, before there is a GPU to run out of it.

    >>> need = estimate(Plan(MODELS["Mistral 7B"], base="nf4", rank=16, batch=1, length=512))
    >>> need.weights, need.total  # bytes; divide by 1e9 for GB

**This formula has not been measured on a GPU yet.** Its weights, constants, gradients and optimizer states are counted,
and tests hold them, and its activations, against bytes counted on a CPU. What a GPU adds (`OVERHEAD`, the allocator's
gaps) is an assumption. Take it as a guide, and leave room.

In bytes, with P linear weights, R others (embeddings, norms, biases), T trained ones, w bytes per computed number:

- weights: P × 4, 2 or 1/2, plus R × 4 or 2: bitsandbytes leaves embeddings, norms and biases unquantized;
- constants (4 bits only): one scale per 64 weights: 4 bytes each, or 1 byte and 4 bytes per 256 of them;
- adapter: rank × (d_in + d_out) for each linear layer, in float32;
- gradients: T × 4; optimizer: T × 8, AdamW's two averages (T × 2 in 8 bits). Full fine-tuning in 16 bits: T × 2 and
  T × 12, because AdamW keeps a float32 copy of the weights (ZeRO, arXiv 1910.02054, section 3.1);
- activations: what PyTorch keeps for the backward pass, see `layer_bytes`; with checkpointing, the input of every layer
  and the inside of one;
- logits: one tile of the scores, `TILE` tokens by words: TRL's loss never holds all of them (trl 1.16);
- overhead: `OVERHEAD`, and the largest matrix, unpacked to w bytes a weight, if the base is stored in 4 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

OVERHEAD = 0.8e9  # CUDA's context and the libraries' kernels; an assumption
TILE = (4_096, 32_768)  # tokens and words whose scores TRL's loss holds at a time
GPUS = {"T4": 15, "L4": 24, "A100 40 GB": 40, "A100 80 GB": 80}  # decimal GB to plan with; PyTorch sees 15.8 on a T4
BASES = {"float32": 4.0, "16-bit": 2.0, "nf4": 0.5}  # bytes per linear weight


@dataclass(frozen=True)
class Shape:
    """The sizes of a Llama-like model (Llama, Mistral, Qwen) from which its memory follows."""

    hidden: int
    inner: int
    """Width of the MLP."""
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    tied: bool = False
    """Whether input and output embeddings are one matrix."""
    biases: bool = False
    """Whether q, k and v have biases (Qwen2)."""

    @property
    def queries(self) -> int:
        """Return the width of all query heads together."""
        return self.heads * self.head_size

    @property
    def keys(self) -> int:
        """Return the width of all key heads together, which is also that of the values."""
        return self.kv_heads * self.head_size

    @property
    def matrices(self) -> tuple[tuple[int, int], ...]:
        """Return (d_out, d_in) of one layer's seven linear maps: q, k, v, o, gate, up, down."""
        h, q, kv, f = self.hidden, self.queries, self.keys, self.inner
        return (q, h), (kv, h), (kv, h), (h, q), (f, h), (f, h), (h, f)

    @property
    def linear(self) -> int:
        """Return the weights in linear maps, which is what gets quantized."""
        return self.layers * sum(d_out * d_in for d_out, d_in in self.matrices)

    @property
    def others(self) -> int:
        """Return the weights that stay unquantized: embeddings, norms, biases."""
        vectors = 2 * self.hidden + (self.queries + 2 * self.keys) * self.biases
        return self.vocabulary * self.hidden * (1 if self.tied else 2) + self.layers * vectors + self.hidden

    @property
    def parameters(self) -> int:
        """Return all weights."""
        return self.linear + self.others

    def adapter(self, rank: int) -> int:
        """Return the weights of a LoRA adapter on all linear maps."""
        return self.layers * sum(rank * (d_out + d_in) for d_out, d_in in self.matrices)


MODELS = {  # from the config.json of each; tests hold the sums against the models' published sizes
    "bundled (2 M)": Shape(192, 512, 4, 6, 6, 32, 2_036, tied=True, biases=True),
    "Qwen2.5 0.5B": Shape(896, 4_864, 24, 14, 2, 64, 151_936, tied=True, biases=True),
    "Qwen2.5 1.5B": Shape(1_536, 8_960, 28, 12, 2, 128, 151_936, tied=True, biases=True),
    "Qwen2.5 3B": Shape(2_048, 11_008, 36, 16, 2, 128, 151_936, tied=True, biases=True),
    "Mistral 7B": Shape(4_096, 14_336, 32, 32, 8, 128, 32_768),
    "Llama 13B": Shape(5_120, 13_824, 40, 40, 40, 128, 32_000),
    "Llama 65B": Shape(8_192, 22_016, 80, 64, 64, 128, 32_000),
}


@dataclass(frozen=True)
class Plan:
    """A training run: which model, how its weights are stored, what is trained, and on how much text at a time."""

    model: Shape
    base: str = "nf4"
    """How linear weights are stored: "float32", "16-bit" or "nf4"."""
    rank: int = 16
    """The adapter's rank; 0 trains all weights (full fine-tuning)."""
    batch: int = 1
    length: int = 512
    """Tokens of each example, padding included."""
    checkpointing: bool = True
    double_quant: bool = True
    dropout: bool = True
    """Whether the adapter drops inputs at random, which keeps a copy of each input and a mask."""
    eight_bit_optimizer: bool = False
    width: int = 2
    """Bytes of each number that is computed, and of unquantized weights: 2 on a GPU, 4 in float32."""

    def __post_init__(self) -> None:
        if self.base not in BASES:
            raise ValueError(f"base is one of {', '.join(BASES)}, not {self.base!r}")
        if self.base == "nf4" and self.rank == 0:
            raise ValueError("4-bit weights cannot be trained: give the adapter a rank, or store 16 bits")
        if self.width not in (2, 4) or (self.base == "float32" and self.width == 2):
            raise ValueError("width is 2 or 4 bytes, and 4 for a float32 base")
        if min(self.batch, self.length) < 1 or self.rank < 0:
            raise ValueError("batch and length are at least 1, and rank at least 0")


@dataclass(frozen=True)
class Need:
    """The bytes a run needs, part by part."""

    weights: float
    constants: float
    adapter: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    overhead: float

    @property
    def total(self) -> float:
        """Return the sum of the parts."""
        return sum(self.parts().values())

    def parts(self) -> dict[str, float]:
        """Return the parts by name, in order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def fits(self) -> list[str]:
        """Return the GPUs that the whole fits on."""
        return [name for name, limit in GPUS.items() if self.total <= limit * 1e9]


def estimate(plan: Plan) -> Need:
    """Estimate the bytes that a run needs at its peak (the parts' peaks added up, so rather too many than too few)."""
    model, four_bit = plan.model, plan.base == "nf4"
    full = plan.rank == 0
    adapter = model.adapter(plan.rank)
    trained = model.parameters if full else adapter
    blocks = model.linear / 64 if four_bit else 0
    tokens = plan.batch * plan.length
    layer = tokens * layer_bytes(plan)
    mixed = full and plan.base == "16-bit"
    averages = 2 if plan.eight_bit_optimizer else 8
    return Need(
        weights=model.linear * BASES[plan.base] + model.others * plan.width,
        constants=blocks * (1 + 4 / 256) if plan.double_quant else blocks * 4,
        adapter=adapter * 4.0,
        gradients=trained * (2.0 if mixed else 4.0),
        optimizer=trained * (averages + (4.0 if mixed else 0.0)),
        activations=model.layers * tokens * model.hidden * plan.width + layer
        if plan.checkpointing
        else model.layers * layer,
        logits=min(tokens, TILE[0]) * min(model.vocabulary, TILE[1]) * float(plan.width),
        overhead=OVERHEAD + max(a * b for a, b in model.matrices) * plan.width * four_bit,
    )


def layer_bytes(plan: Plan) -> float:
    """Return the bytes that one layer keeps for one token until the backward pass, attention without its full matrix.

    Kept are the inputs of both norms (in float32), q, k, v and attention's output, the MLP's gate, its SiLU and its up
    projection, the inputs of the linear maps (with dropout, a copy and a mask for each of the seven), and the
    adapter's inner vectors.
    """
    model, w = plan.model, plan.width
    h, q, kv, f = model.hidden, model.queries, model.keys, model.inner
    norms = 2 * h * (4 if plan.rank else 4 + w)  # trained norms keep what their weights multiply, too
    inside = w * (2 * q + 2 * kv + 3 * f)
    if plan.rank and plan.dropout:
        inputs = (w + 1) * (5 * h + q + f)
    else:
        inputs = w * (2 * h + f)
    return norms + inside + inputs + w * 7 * plan.rank
