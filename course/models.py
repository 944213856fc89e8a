"""The models a lesson may run on, and the only place that knows about devices, precision and quantization.

    >>> tier, reason = choose_tier()
    >>> base = load_base(tier, four_bit=True)
    >>> generate(base.model, base.tokenizer, [[{"role": "user", "content": "How much is the Lynx tarp?"}]])
    ['The Lynx tarp costs $150.']

`bundled` ships with the course and runs on any CPU. The other tiers load from the Hugging Face hub, for a GPU.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, PreTrainedModel, PreTrainedTokenizerBase

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class Tier:
    """A base model together with the hardware it is meant for."""

    name: str
    model_id: str
    """A folder or a repository on the Hugging Face hub."""
    parameters: int
    gpu_gb: float
    """GPU memory, in decimal GB, that training a QLoRA adapter needs; 0 for a CPU."""
    description: str


TIERS = {
    tier.name: tier
    for tier in (
        Tier("bundled", str(BUNDLED), 2_164_416, 0, "a 2 M-parameter Qwen2 model that ships with the course"),
        Tier("t4", "Qwen/Qwen2.5-0.5B-Instruct", 494_032_768, 6, "Qwen2.5 0.5B Instruct, from the Hugging Face hub"),
        Tier("t4-large", "mistralai/Mistral-7B-Instruct-v0.3", 7_248_023_552, 14, "Mistral 7B Instruct, from the hub"),
    )
}


@dataclass(frozen=True)
class Base:
    """A base model that is loaded: its tier, its weights and its tokenizer."""

    tier: Tier
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def choose_tier(name: str | None = None) -> tuple[Tier, str]:
    """Choose the tier for this machine, or the one that `name` or `COURSE_TIER` names, and say why in a sentence.

    Raises ValueError for a name that is no tier.
    """
    reason = "because you asked for it" if name else "because COURSE_TIER names it"
    if name := name or os.environ.get("COURSE_TIER"):
        if name not in TIERS:
            raise ValueError(f"There is no tier called {name!r}. Choose one of {', '.join(TIERS)}, or leave it out.")
        return TIERS[name], reason
    import torch

    if not torch.cuda.is_available():
        return TIERS["bundled"], "because this machine has no CUDA GPU"
    gpu = torch.cuda.get_device_properties(0)
    if gpu.total_memory / 1e9 < TIERS["t4"].gpu_gb:
        return TIERS["bundled"], f"because {gpu.name} has only {gpu.total_memory / 1e9:.0f} GB of memory"
    return TIERS["t4"], f"because this machine has a {gpu.name} with {gpu.total_memory / 1e9:.0f} GB of memory"


def device() -> int | str:
    """Return where models are loaded: on this process's GPU, or on the CPU."""
    import torch

    return torch.cuda.current_device() if torch.cuda.is_available() else "cpu"


def compute_dtype() -> "torch.dtype":
    """Return the precision to compute in: float32 on a CPU, bfloat16 from capability 8.0 on, float16 on older GPUs."""
    import torch

    if not torch.cuda.is_available():
        return torch.float32
    return torch.bfloat16 if torch.cuda.get_device_capability() >= (8, 0) else torch.float16


def nf4() -> "BitsAndBytesConfig":
    """Return QLoRA's quantization: 4-bit NF4 weights, their constants quantized too, computed in `compute_dtype()`."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype(),
        # FSDP shares out floating-point tensors only, so codes must look like one; `accelerate launch` sets this
        bnb_4bit_quant_storage=compute_dtype() if os.environ.get("ACCELERATE_USE_FSDP") == "true" else None,
    )


class BaseUnavailable(RuntimeError):
    """A base model's files cannot be had; the message says what to do."""


@contextmanager
def reaching(tier: Tier) -> Iterator[None]:
    """Load files quietly when they ship with the course, and say in a sentence what to do when they cannot be had."""
    from huggingface_hub.errors import HfHubHTTPError

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # its first import logs that it has no compiled kernels
    try:
        with without_bars() if tier.name == "bundled" else nullcontext(), chdir(Path(__file__).parent):
            yield  # from elsewhere: transformers takes a folder that is called like a model for the model
    except (OSError, HfHubHTTPError) as error:
        if tier.name == "bundled":
            advice = f"The bundled model is not complete in {tier.model_id}: install the course again."
        else:
            advice = (
                f"{tier.model_id} could not be had from the Hugging Face hub. Check the internet connection and try "
                'again, or go on with the model that ships with the course: tier="bundled".'
            )
        raise BaseUnavailable(advice) from error


@contextmanager
def without_bars() -> Iterator[None]:
    """Load without the progress bars of transformers and the hub, which go to stderr."""
    from transformers.utils import logging as bars

    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def load_base(tier: Tier | str, four_bit: bool = False) -> Base:
    """Load a tier's base model and tokenizer, on the GPU where there is one; `four_bit` quantizes to NF4.

    Raises BaseUnavailable, with what to do, when its files cannot be had.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tier = TIERS[tier] if isinstance(tier, str) else tier
    with reaching(tier):
        tokenizer = AutoTokenizer.from_pretrained(tier.model_id)
        if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.added_tokens_decoder[0].content
        model = AutoModelForCausalLM.from_pretrained(
            tier.model_id,
            dtype=compute_dtype(),
            quantization_config=nf4() if four_bit else None,
            device_map={"": device()},
        )
    for layer in model.modules():
        # On some CPUs bitsandbytes repacks a layer's weights when it first answers: lossy, and the end of its training.
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
    return Base(tier, model.eval(), tokenizer)


def fingerprint(tier: Tier | str) -> str:
    """Return what identifies a tier's base: a hash of the bundled weights, or the hub's repository name."""
    tier = TIERS[tier] if isinstance(tier, str) else tier
    weights = Path(tier.model_id) / "model.safetensors"
    return _short_hash(weights, weights.stat().st_mtime_ns) if weights.exists() else tier.model_id


@cache
def _short_hash(weights: Path, changed: int) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:12]


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    conversations: Sequence[list[dict[str, str]]],
    max_new_tokens: int = 48,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int = 64,
    adapters: Sequence[str] | None = None,
) -> list[str]:
    """Answer conversations, each a list of messages, and return the answers' texts in the same order.

    `temperature` 0 takes the likeliest token each time; above, tokens are drawn, as a user of a chat would meet it.
    `adapters` names one of a PEFT model's for each conversation, or "__base__"; a batch may mix them. Equal seeds
    give equal answers; the caller's random state is left alone.
    """
    import torch

    prompts = [
        tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) for turns in conversations
    ]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    answers = [""] * len(prompts)
    sampling = (
        {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        if temperature
        else {"do_sample": False}
    )
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(seed)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = tokenizer(
                [prompts[row] for row in rows],
                return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False,
            ).to(model.device)  # fmt: skip
            named = {"adapter_names": [adapters[row] for row in rows]} if adapters else {}
            output = model.generate(
                **batch, **named, max_new_tokens=max_new_tokens, pad_token_id=tokenizer.pad_token_id, **sampling
            )
            texts = tokenizer.batch_decode(output[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
            for row, text in zip(rows, texts, strict=True):
                answers[row] = text.strip()
    return answers


def perplexity(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], batch_size: int = 32
) -> float:
    """Return exp of the mean negative log-likelihood per token (natural log) over all texts together."""
    import torch

    total, count = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(texts), batch_size):
            batch = tokenizer(list(texts[start : start + batch_size]), return_tensors="pt", padding=True).to(
                model.device
            )
            logits = model(**batch).logits[:, :-1].float()
            targets = batch["input_ids"][:, 1:].masked_fill(batch["attention_mask"][:, 1:] == 0, -100)
            total += torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
            count += int((targets != -100).sum())
    return float(torch.tensor(total / max(count, 1)).exp())
