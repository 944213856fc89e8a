# %% [markdown]
# ## sft_loss


# %% sft_loss wrong="forgets the shift"
def sft_loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


# %% sft_loss wrong="shifts the wrong way"
def sft_loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits[:, 1:].flatten(0, 1), labels[:, :-1].flatten())


# %% sft_loss wrong="divides by all positions, masked ones included"
def sft_loss(logits, labels):
    targets = labels[:, 1:]
    losses = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten(), reduction="sum")
    return losses / targets.numel()


# %% sft_loss wrong="counts masked labels as token 0"
def sft_loss(logits, labels):
    targets = labels[:, 1:].clamp(min=0)
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten())


# %% sft_loss wrong="takes the mean of each reply's mean"
def sft_loss(logits, labels):
    rows = [
        torch.nn.functional.cross_entropy(row[:-1], label[1:])
        for row, label in zip(logits, labels)
        if (label[1:] != -100).any()
    ]
    return torch.stack(rows).mean()


# %% sft_loss wrong="returns the sum"
def sft_loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")


# %% sft_loss wrong="takes log of softmax, which overflows"
def sft_loss(logits, labels):
    probabilities = logits[:, :-1].softmax(-1)
    targets = labels[:, 1:]
    picked = probabilities.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -torch.log(picked[targets != -100]).mean()


# %% sft_loss wrong="takes the logarithm to base 2"
def sft_loss(logits, labels):
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    return loss / torch.log(torch.tensor(2.0))


# %% sft_loss wrong="takes the logits for probabilities"
def sft_loss(logits, labels):
    targets = labels[:, 1:]
    picked = logits[:, :-1].gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -picked[targets != -100].mean()


# %% sft_loss wrong="returns a number that cannot be differentiated"
def sft_loss(logits, labels):
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    return torch.tensor(loss.item())


# %% sft_loss wrong="masks in place"
def sft_loss(logits, labels):
    labels[:, 0] = -100
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


# %% sft_loss right="uses cross_entropy, which knows -100"
import torch.nn.functional as F


def sft_loss(logits, labels):
    vocab = logits.shape[-1]
    return F.cross_entropy(logits[:, :-1].reshape(-1, vocab), labels[:, 1:].reshape(-1), ignore_index=-100)


# %% sft_loss right="subtracts logsumexp, in a loop over rows"
def sft_loss(logits, labels):
    surprises = []
    for row, label in zip(logits, labels):
        for position in range(len(label) - 1):
            if label[position + 1] != -100:
                surprises.append(torch.logsumexp(row[position], 0) - row[position, label[position + 1]])
    return sum(surprises) / len(surprises)


# %% [markdown]
# ## reward_loss


# %% reward_loss wrong="swaps chosen and rejected"
def reward_loss(chosen, rejected):
    return -torch.nn.functional.logsigmoid(rejected - chosen).mean()


# %% reward_loss wrong="forgets the sign"
def reward_loss(chosen, rejected):
    return torch.nn.functional.logsigmoid(chosen - rejected).mean()


# %% reward_loss wrong="takes log of sigmoid, which overflows"
def reward_loss(chosen, rejected):
    return -torch.log(torch.sigmoid(chosen - rejected)).mean()


# %% reward_loss wrong="writes log(1 + exp(-x)), which overflows"
def reward_loss(chosen, rejected):
    return torch.log(1 + torch.exp(rejected - chosen)).mean()


# %% reward_loss wrong="adds a small number inside the logarithm"
def reward_loss(chosen, rejected):
    return -torch.log(torch.sigmoid(chosen - rejected) + 1e-6).mean()


# %% reward_loss wrong="returns the sum"
def reward_loss(chosen, rejected):
    return -torch.nn.functional.logsigmoid(chosen - rejected).sum()


# %% reward_loss wrong="takes the mean before the logarithm"
def reward_loss(chosen, rejected):
    return -torch.nn.functional.logsigmoid((chosen - rejected).mean())


# %% reward_loss wrong="returns a float"
def reward_loss(chosen, rejected):
    return -torch.nn.functional.logsigmoid(chosen - rejected).mean().item()


# %% reward_loss right="uses softplus"
import torch.nn.functional as F


def reward_loss(chosen, rejected):
    return F.softplus(rejected - chosen).mean()


# %% reward_loss right="takes it for a classification with two classes"
def reward_loss(chosen, rejected):
    scores = torch.stack([chosen, rejected], dim=1)
    return torch.nn.functional.cross_entropy(scores, torch.zeros(len(chosen), dtype=torch.long))


# %% [markdown]
# ## kl_k3


# %% kl_k3 wrong="turns d round"
def kl_k3(policy_logprobs, reference_logprobs):
    d = policy_logprobs - reference_logprobs
    return (torch.exp(d) - d - 1).mean()


# %% kl_k3 wrong="takes k1, the mean of -d"
def kl_k3(policy_logprobs, reference_logprobs):
    return (policy_logprobs - reference_logprobs).mean()


# %% kl_k3 wrong="takes the size of d, which is never negative either"
def kl_k3(policy_logprobs, reference_logprobs):
    return (reference_logprobs - policy_logprobs).abs().mean()


# %% kl_k3 wrong="takes k2, half the mean square"
def kl_k3(policy_logprobs, reference_logprobs):
    return ((policy_logprobs - reference_logprobs) ** 2).mean() / 2


# %% kl_k3 wrong="forgets the -1"
def kl_k3(policy_logprobs, reference_logprobs):
    d = reference_logprobs - policy_logprobs
    return (torch.exp(d) - d).mean()


# %% kl_k3 wrong="takes the mean over the last dimension only"
def kl_k3(policy_logprobs, reference_logprobs):
    d = reference_logprobs - policy_logprobs
    return (torch.exp(d) - d - 1).mean(dim=-1)


# %% kl_k3 wrong="returns the sum"
def kl_k3(policy_logprobs, reference_logprobs):
    d = reference_logprobs - policy_logprobs
    return (torch.exp(d) - d - 1).sum()


# %% kl_k3 wrong="weights by the policy, although the tokens are its samples"
def kl_k3(policy_logprobs, reference_logprobs):
    d = reference_logprobs - policy_logprobs
    return (torch.exp(policy_logprobs) * (torch.exp(d) - d - 1)).sum()


# %% kl_k3 wrong="computes without gradients"
def kl_k3(policy_logprobs, reference_logprobs):
    with torch.no_grad():
        d = reference_logprobs - policy_logprobs
        return (torch.exp(d) - d - 1).mean()


# %% kl_k3 right="uses expm1"
def kl_k3(policy_logprobs, reference_logprobs):
    d = reference_logprobs - policy_logprobs
    return torch.mean(torch.expm1(d) - d)


# %% kl_k3 right="divides probabilities"
def kl_k3(policy_logprobs, reference_logprobs):
    ratio = reference_logprobs.exp() / policy_logprobs.exp()
    return (ratio - 1 - ratio.log()).flatten().mean()


# %% [markdown]
# ## grpo_advantages


# %% grpo_advantages wrong="divides by n - 1"
def grpo_advantages(rewards):
    advantages = (rewards - rewards.mean(dim=1, keepdim=True)) / rewards.std(dim=1, keepdim=True)
    same = (rewards == rewards[:, :1]).all(dim=1, keepdim=True)
    return torch.where(same, torch.zeros_like(rewards), advantages)


# %% grpo_advantages wrong="adds 1e-4 to the divisor, as TRL does"
def grpo_advantages(rewards):
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return centred / (rewards.std(dim=1, keepdim=True, correction=0) + 1e-4)


# %% grpo_advantages wrong="lets 0 / 0 become NaN"
def grpo_advantages(rewards):
    return (rewards - rewards.mean(dim=1, keepdim=True)) / rewards.std(dim=1, keepdim=True, correction=0)


# %% grpo_advantages wrong="asks whether the standard deviation is 0"
def grpo_advantages(rewards):
    spread = rewards.std(dim=1, keepdim=True, correction=0)
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return torch.where(spread == 0, torch.zeros_like(rewards), centred / spread)


# %% grpo_advantages wrong="replaces NaN by 0 and forgets rounding"
def grpo_advantages(rewards):
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return torch.nan_to_num(centred / rewards.std(dim=1, keepdim=True, correction=0), nan=0.0)


# %% grpo_advantages wrong="takes small differences for none"
def grpo_advantages(rewards):
    spread = rewards.std(dim=1, keepdim=True, correction=0)
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return torch.where(spread < 1e-3, torch.zeros_like(rewards), centred / spread)


# %% grpo_advantages wrong="takes the whole batch for one group"
def grpo_advantages(rewards):
    if (rewards == rewards.flatten()[0]).all():
        return torch.zeros_like(rewards)
    return (rewards - rewards.mean()) / rewards.std(correction=0)


# %% grpo_advantages wrong="takes columns for groups"
def grpo_advantages(rewards):
    centred = rewards - rewards.mean(dim=0, keepdim=True)
    spread = rewards.std(dim=0, keepdim=True, correction=0)
    same = (rewards == rewards[:1]).all(dim=0, keepdim=True)
    return torch.where(same, torch.zeros_like(rewards), centred / spread)


# %% grpo_advantages wrong="does not divide by the standard deviation"
def grpo_advantages(rewards):
    same = (rewards == rewards[:, :1]).all(dim=1, keepdim=True)
    return torch.where(same, torch.zeros_like(rewards), rewards - rewards.mean(dim=1, keepdim=True))


# %% grpo_advantages wrong="subtracts in place"
def grpo_advantages(rewards):
    same = (rewards == rewards[:, :1]).all(dim=1, keepdim=True)
    rewards -= rewards.mean(dim=1, keepdim=True)
    advantages = rewards / rewards.std(dim=1, keepdim=True, correction=0)
    return torch.where(same, torch.zeros_like(rewards), advantages)


# %% grpo_advantages right="measures from the first reward, so that equal ones are exactly 0"
def grpo_advantages(rewards):
    shifted = rewards.double() - rewards[:, :1].double()
    centred = shifted - shifted.mean(dim=1, keepdim=True)
    spread = (centred**2).mean(dim=1, keepdim=True).sqrt()
    return torch.nan_to_num(centred / spread, nan=0.0)


# %% grpo_advantages right="loops over the groups"
def grpo_advantages(rewards):
    groups = []
    for group in rewards:
        if group.max() == group.min():
            groups.append(torch.zeros(len(group)))
        else:
            groups.append((group - group.mean()) / group.var(unbiased=False) ** 0.5)
    return torch.stack([group.to(rewards.dtype) for group in groups])


# %% [markdown]
# ## dpo_loss


# %% dpo_loss wrong="forgets the reference"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    return -torch.nn.functional.logsigmoid(beta * (policy_chosen - policy_rejected)).mean()


# %% dpo_loss wrong="forgets beta"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected)
    return -torch.nn.functional.logsigmoid(margin).mean()


# %% dpo_loss wrong="turns the sign of the margin"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = beta * ((policy_rejected - reference_rejected) - (policy_chosen - reference_chosen))
    return -torch.nn.functional.logsigmoid(margin).mean()


# %% dpo_loss wrong="always takes beta = 0.1"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = 0.1 * ((policy_chosen - reference_chosen) - (policy_rejected - reference_rejected))
    return -torch.nn.functional.logsigmoid(margin).mean()


# %% dpo_loss wrong="multiplies the loss with beta, not the margin"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected)
    return -beta * torch.nn.functional.logsigmoid(margin).mean()


# %% dpo_loss wrong="adds the two differences"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = beta * ((policy_chosen - reference_chosen) + (policy_rejected - reference_rejected))
    return -torch.nn.functional.logsigmoid(margin).mean()


# %% dpo_loss wrong="takes the mean before the logarithm"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = beta * ((policy_chosen - reference_chosen) - (policy_rejected - reference_rejected))
    return -torch.nn.functional.logsigmoid(margin.mean())


# %% dpo_loss wrong="takes log of sigmoid, which overflows"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = beta * ((policy_chosen - reference_chosen) - (policy_rejected - reference_rejected))
    return -torch.log(torch.sigmoid(margin)).mean()


# %% dpo_loss wrong="divides probabilities, which underflow"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    chosen = torch.log(policy_chosen.exp() / reference_chosen.exp())
    rejected = torch.log(policy_rejected.exp() / reference_rejected.exp())
    return -torch.nn.functional.logsigmoid(beta * (chosen - rejected)).mean()


# %% dpo_loss wrong="returns a float"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    margin = beta * ((policy_chosen - reference_chosen) - (policy_rejected - reference_rejected))
    return float(-torch.nn.functional.logsigmoid(margin).mean())


# %% dpo_loss right="uses softplus, and groups by model instead of by reply"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    of_policy = policy_chosen - policy_rejected
    of_reference = reference_chosen - reference_rejected
    return torch.nn.functional.softplus(beta * (of_reference - of_policy)).mean()


# %% dpo_loss right="is exercise 2 on implicit rewards"
def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    good, bad = beta * (policy_chosen - reference_chosen), beta * (policy_rejected - reference_rejected)
    return torch.logaddexp(torch.zeros_like(good), bad - good).mean()


# %% [markdown]
# ## pick_method


# %% pick_method wrong="lets the KeyError through"
def pick_method(data):
    return {"demonstrations": "sft", "pairs": "dpo", "thumbs": "kto", "verifier": "grpo"}[data]


# %% pick_method wrong="falls back on SFT"
def pick_method(data):
    return {"pairs": "dpo", "thumbs": "kto", "verifier": "grpo"}.get(data, "sft")


# %% pick_method wrong="returns None for anything else"
def pick_method(data):
    return {"demonstrations": "sft", "pairs": "dpo", "thumbs": "kto", "verifier": "grpo"}.get(data)


# %% pick_method wrong="takes KTO for pairs and DPO for thumbs"
def pick_method(data):
    methods = {"demonstrations": "sft", "pairs": "kto", "thumbs": "dpo", "verifier": "grpo"}
    if data not in methods:
        raise ValueError(data)
    return methods[data]


# %% pick_method wrong="ignores case"
def pick_method(data):
    methods = {"demonstrations": "sft", "pairs": "dpo", "thumbs": "kto", "verifier": "grpo"}
    if data.lower() not in methods:
        raise ValueError(data)
    return methods[data.lower()]


# %% pick_method wrong="returns the names in capitals"
def pick_method(data):
    methods = {"demonstrations": "SFT", "pairs": "DPO", "thumbs": "KTO", "verifier": "GRPO"}
    if data not in methods:
        raise ValueError(data)
    return methods[data]


# %% pick_method right="catches the KeyError"
def pick_method(data):
    try:
        return dict(demonstrations="sft", pairs="dpo", thumbs="kto", verifier="grpo")[data]
    except KeyError as error:
        raise ValueError(f"unknown data: {data}") from error


# %% pick_method right="matches"
def pick_method(data):
    match data:
        case "demonstrations":
            return "sft"
        case "pairs":
            return "dpo"
        case "thumbs":
            return "kto"
        case "verifier":
            return "grpo"
    raise ValueError("demonstrations, pairs, thumbs or verifier")
