"""The model before training: a small Qwen2 whose first four heads look one, two, three and four tokens back.

Copying from a prompt needs an induction head, whose first half, "what came before me", gradient descent finds slowly.
With rotary positions it can be written down: a query bias rotated back by `distance` meets a constant key bias there.
Qwen2 has query and key biases; that is all this uses, and training may change every number of it.
"""

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

HEAD_DIM = 32


def small_qwen2(vocabulary: int, pad_id: int, eos_id: int, seed: int = 0) -> Qwen2ForCausalLM:
    """Build the untrained model: 4 layers of width 192, 6 heads, float32, with its look-back heads in place."""
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=vocabulary,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=6,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            pad_token_id=pad_id,
            eos_token_id=eos_id,
        )
    )
    for head, distance in enumerate((1, 2, 3, 4)):
        look_back(model, head, distance)
    return model


@torch.no_grad()
def look_back(model: Qwen2ForCausalLM, head: int, distance: int, sharpness: float = 6.0) -> None:
    """Make a head of the first layer attend `distance` tokens back, through its query and key biases."""
    attention = model.model.layers[0].self_attn
    rows = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
    frequency = model.config.rope_parameters["rope_theta"] ** -(torch.arange(0, HEAD_DIM, 2) / HEAD_DIM)
    angle = -frequency * distance
    key = torch.cat([torch.ones(HEAD_DIM // 2), torch.zeros(HEAD_DIM // 2)])
    query = torch.cat([torch.cos(angle), torch.sin(angle)])
    for projection, bias in ((attention.q_proj, query), (attention.k_proj, key)):
        projection.bias[rows] = sharpness * bias
        projection.weight[rows] *= 0.1
