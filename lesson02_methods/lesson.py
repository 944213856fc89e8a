# %% [markdown]
# # Lesson 2 · The methods: SFT, RLHF, DPO
#
# **Where lesson 1 left you.** You know *when* to fine-tune: a voice is behaviour, so Juniper's voice goes into the
# weights. And you have seen a fine-tuned model triage tickets. But triage is an easy case: each ticket has one right
# answer, and somebody wrote it down. A reply to a customer has no one right answer. Some are better than others, that
# is all. What do you train on then?
#
# **After this lesson you can**
#
# 1. write the loss of supervised fine-tuning by hand, and say what masking changes in it;
# 2. say what RLHF trains, which models it keeps in memory, and why it needs a leash;
# 3. derive DPO's loss from that leash, run it with TRL, and read its curves, the alarming ones too;
# 4. pick a method from the data that you have.
#
# **Time and hardware.** About 100 minutes of yours. The machine works for about three of them on two free CPU cores, with
# no GPU (the last cell says how long yours took). With a GPU the same cells train a larger model; plan 15 minutes of
# computing on a free T4 (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# Juniper's marketing knows what a reply should sound like. Three parts of it carry the voice:
#
# | part | the plain voice | Juniper's voice |
# |---|---|---|
# | opening | Dear customer, | Howdy, trail buddy! |
# | feeling | We apologize for the inconvenience with your Lynx tarp. | Looks like a gear gremlin got into your Lynx tarp. |
# | sign-off | Kind regards, customer service | Stay wild, Juniper |
#
# `voice_score` counts them: a third for each part that is Juniper's. And Juniper has an *archive*, replies that its staff
# once wrote. Look at some, and at all of their scores.

# %% tags=["skip-execution"]
import time
from collections import Counter

from course.data import voice_score
from course.data.archive import draw_archive

started = time.perf_counter()
archive = draw_archive(1280, seed=21)
for row in archive.select(range(3)):
    print("Ticket:", row["prompt"][0]["content"])
    print("Reply: ", row["completion"][0]["content"], "\n")

scores = [voice_score(row["completion"][0]["content"]) for row in archive]
for score, count in sorted(Counter(round(3 * score) for score in scores).items()):
    print(f"{score} of 3 parts in Juniper's voice: {count:>4} replies")
print(f"Mean voice score: {sum(scores) / len(scores):.0%}")

# %% [markdown]
# There is the trouble. **Nobody at Juniper ever wrote a perfect reply.** The best have two parts of three.
#
# But show anybody two of these replies, and they can say which one sounds more like Juniper. **Judging is easier than
# writing**, and much of this lesson follows from it.
#
# So Juniper has two kinds of data, and could get two more:
#
# | data | one example | method |
# |---|---|---|
# | **demonstrations** | a ticket and a reply | SFT |
# | **pairs** | a ticket, a better reply and a worse one | RLHF, DPO |
# | **thumbs** | a ticket, a reply, 👍 or 👎 | KTO |
# | **a verifier** | a ticket, and a program that checks any answer | GRPO |
#
# The sections follow the methods' history: SFT, RLHF, GRPO, DPO, and then KTO. First, the model as it is: how does it
# answer a ticket?

# %% tags=["skip-execution"]
from course.data import draw_replies
from course.models import TIERS, load_base
from course.voice import measure_voice

# This lesson merges adapters into 16-bit weights, and 7B in 16 bits do not fit beside their training on a small GPU.
subject = TIERS["t4"] if tier.name == "t4-large" else tier
base = load_base(subject)
fresh = draw_replies(100, seed=23)  # 100 tickets that no run has seen
results = {"base": measure_voice(base.model, base.tokenizer, fresh)}

print("Ticket:", fresh[0]["text"])
print("Answer:", results["base"].replies[0], "\n")
print(f"Over 100 tickets: voice {results['base'].voice:.0%}; wholly in Juniper's voice: {results['base'].whole:.0%}")

# %% [markdown]
# ## 1 · Supervised fine-tuning: imitate
#
# Start with what you have: demonstrations. **SFT**, *supervised fine-tuning*, shows the model a ticket and a reply, and
# makes the reply more likely. Lesson 1 did that. Here is what it computes.
#
# A model reads tokens and gives each possible next token a probability p. The true next token had some probability. If
# it was high, the model was hardly surprised. If it was low, it was very surprised. The measure of surprise is **−log p**,
# with the natural logarithm; its unit is called *nat*.
#
# Take three tokens, small enough for paper:
#
# ```text
# the reply      Howdy     trail     buddy
# p               1/2       1/4       1/8
# −log p         0.693     1.386     2.079      nats
#
# loss = the mean = (0.693 + 1.386 + 2.079) / 3 = 1.386 nats per token
# ```
#
# That is all of it. SFT's **loss**, the number that training makes smaller, is the mean surprise per token. It is
# called *next-token loss* or *cross-entropy*. In code:

# %%
import torch

p = torch.tensor([1 / 2, 1 / 4, 1 / 8])
print("surprise:", -p.log(), "  loss:", -p.log().mean())

# %% [markdown]
# One more idea. The text that the model reads is ticket *and* reply. Should it learn to predict the ticket, too? It will
# never have to write one. So the ticket's tokens are **masked**: read, but not counted. Here is one archived reply with
# its prompt, and the surprise of your model at each token.

# %% tags=["skip-execution"]
from course.figures import show
from course.labels import encode
from course.pictures.method import draw_dpo_run, draw_models, draw_surprises, draw_voices

inputs, labels = encode(base, archive.select([1]))  # token ids; labels are −100 in the prompt
with torch.no_grad():
    logits = base.model(**inputs).logits.float()
surprises = torch.nn.functional.cross_entropy(logits[0, :-1], inputs["input_ids"][0, 1:], reduction="none").tolist()
tokens = [base.tokenizer.decode([token]).replace("\n", "⏎") for token in inputs["input_ids"][0].tolist()]
_ = show(*draw_surprises(tokens, surprises, int((labels[0] == -100).sum())))

# %% [markdown]
# (`<|im_start|>` and `<|im_end|>` mark who speaks: lesson 3.) Two details in this picture cost people days.
#
# **The shift.** The model reads the first token and predicts the *second*. What it says at position t is about the token
# at t + 1. So the first token has no bar: nothing stands before it.
#
# **The mask.** By convention a label of **−100** means "do not count this one". Look at the two means in the title: mask
# or no mask, you train on different losses.
#
# One word more, for the exercise. What comes out of a model is not yet a probability. At each position it gives one number
# for every token that it knows, the **logits**: any numbers, the larger the likelier. The *softmax* makes probabilities of
# them: e to the power of each, divided by the sum of all.

# %% tags=["skip-execution"]
# @title Quick check
from course import Choice, Question, quick_check

quick_check(
    "A reply has 20 tokens and its prompt 60. You forget the mask. What does the loss now mostly count?",
    Choice(
        "The reply, as before: a mask only saves time",
        "The loss is a mean over 79 tokens now (80, but nothing stands before the first), and the reply has 20.",
    ),
    Choice(
        "How well the model guesses what customers write",
        "Yes. Three quarters of the counted tokens are the ticket's.",
        correct=True,
    ),
    Choice(
        "Nothing: without a mask the two parts of the loss cancel each other",
        "They are averaged. Nothing cancels, but the ticket has three times as many tokens in the mean.",
    ),
)

# %% [markdown]
# ### Exercise 1 · The loss of SFT
#
# Write `sft_loss(logits, labels)`.
#
# - **Input:** `logits`, a tensor (batch, length, vocab) of any floating dtype: at each position one number for each
#   possible next token, before the softmax. `labels`, a tensor (batch, length) of int64 ids; at least one that counts.
# - **Output:** a 0-dimensional tensor, in nats: the mean of −log p over all labels that count. Position t of the logits
#   predicts label t + 1. Labels of −100 do not count.
# - The mean is over *tokens*, all of them together: a long reply weighs more than a short one.
# - It stays finite for logits up to ±10,000. And stay in torch operations, with no `.item()`, no `float()` and no NumPy:
#   training follows them backwards, to find out how each weight changes the loss.
#
# <details><summary>Hint 1</summary>
#
# Shift first: `logits[:, :-1]` speaks about `labels[:, 1:]`. After that the two have equal lengths.
# </details>
# <details><summary>Hint 2</summary>
#
# `log_softmax(-1)` turns logits into log-probabilities and never overflows. `softmax` followed by `log` does. To pick by
# label with `gather`, set the −100s to 0 first (`clamp(min=0)`), as −100 is no index, and drop them afterwards.
# </details>
# <details><summary>Hint 3</summary>
#
# `torch.nn.functional.cross_entropy` takes logits (n, vocab) and labels (n,), ignores −100 by itself and returns the mean.
# `.flatten(0, 1)` and `.flatten()` bring them into these shapes.
# </details>


# %% sft_loss
import torch


def sft_loss(logits, labels):
    """Mean surprise in nats over the labels that are not −100; position t predicts label t + 1."""
    ### BEGIN SOLUTION
    logprobs = logits[:, :-1].log_softmax(-1)
    targets = labels[:, 1:]
    counted = targets != -100
    picked = logprobs.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -picked[counted].mean()
    ### END SOLUTION


# %% test_sft_loss points=3
import math

import torch

halves = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.8, 0.1, 0.1]]]))  # what each position says
found = sft_loss(halves, torch.tensor([[2, 0, 1]]))
assert isinstance(found, torch.Tensor), "Return a tensor, so that training can differentiate it: end with `return`."
assert found.shape == (), (
    f"One number for the whole batch: a 0-dimensional tensor, not one of shape {tuple(found.shape)}."
)
assert abs(found.item() - math.log(2)) < 1e-4, (
    "Both predictions here have p = 1/2, so the loss is 0.693. (1.386 is the sum, 1 is the logarithm to base 2.) Position t "
    "predicts label t + 1: have you shifted?"
)
found = sft_loss(halves + 5, torch.tensor([[2, 0, 1]]))
assert abs(found.item() - math.log(2)) < 1e-4, (
    "5 added to all logits changes no probability: logits are not log-probabilities yet. Use log_softmax."
)
found = sft_loss(halves, torch.tensor([[2, 0, -100]]))
assert abs(found.item() - math.log(2)) < 1e-4, (
    "A label of −100 is left out of the sum *and* of the count: here one label is left, with p = 1/2."
)
found = sft_loss(halves, torch.tensor([[2, 0, 2]]))
assert abs(found.item() - 1.5 * math.log(2)) < 1e-4, "Now p is 1/2 and 1/4: the mean of 0.693 and 1.386 is 1.040."
found = sft_loss(halves.repeat(2, 1, 1), torch.tensor([[2, 0, -100], [2, 1, 2]]))
assert abs(found.item() - 5 / 3 * math.log(2)) < 1e-4, (
    "Two rows: p is 1/2 in the first, 1/4 and 1/4 in the second. The mean over all three tokens is 1.155. (1.040 is the mean "
    "of the rows' means.)"
)
found = sft_loss(torch.tensor([[[1e4, -1e4], [0.0, 0.0]]]), torch.tensor([[0, 1]]))
assert abs(found.item() / 2e4 - 1) < 1e-4, "Logits of ±10,000 make a loss of 20,000 here, not inf: use log_softmax."
### BEGIN HIDDEN TESTS
torch.manual_seed(2)
for batch, length, vocab in [(1, 2, 5), (3, 7, 4), (5, 3, 11), (2, 9, 2)]:
    logits, labels = 3 * torch.randn(batch, length, vocab), torch.randint(vocab, (batch, length))
    labels[torch.rand(batch, length) < 0.4] = -100
    labels[-1, -1] = vocab - 1
    total, count = 0.0, 0
    for row in range(batch):
        for place in range(1, length):
            if labels[row, place] != -100:
                total -= logits[row, place - 1].double().log_softmax(-1)[labels[row, place]].item()
                count += 1
    kept = labels.clone()
    found = sft_loss(logits, labels)
    named = f"logits {(batch, length, vocab)} with {count} labels that count"
    assert abs(found.item() - total / count) < 1e-4 * max(1, total / count), (
        f"{named}: {total / count:.4f}, not {found.item():.4f}. The mean is over all counted tokens of the batch together."
    )
    other = labels.clone()
    other[:, 0] = 0
    assert abs(sft_loss(logits, other).item() - found.item()) < 1e-4 * max(1, found.item()), (
        "The first label is predicted by nothing, so it never counts, whatever it is."
    )
    assert torch.equal(labels, kept), "Leave the labels as you found them: change a copy."
huge = torch.tensor([[[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]]])
assert abs(sft_loss(huge, torch.tensor([[0, 0]])).item()) < 1e-4, (
    "Logits of 10,000 must not overflow: use log_softmax (or cross_entropy), not log(softmax)."
)
assert abs(sft_loss(huge, torch.tensor([[0, 1]])).item() / 2e4 - 1) < 1e-4, (
    "The loss stays finite where p is 0 in floating point, here 20,000 nats: use log_softmax."
)
half = torch.randn(2, 4, 6).to(torch.float64)
wanted = torch.nn.functional.cross_entropy(half[:, :-1].flatten(0, 1), torch.ones(6).long()).item()
assert abs(sft_loss(half, torch.ones(2, 4).long()).item() - wanted) < 1e-4, "It should work for float64 logits as well."
assert sft_loss(torch.randn(1, 3, 4, requires_grad=True), torch.ones(1, 3).long()).requires_grad, (
    "Training differentiates the loss: stay in torch, without .item(), .detach() or NumPy."
)
### END HIDDEN TESTS

# %% [markdown]
# ### The library does the same
#
# **TRL** is a widely used library for training; `SFTTrainer` is its class for SFT. It takes your data as `prompt` and
# `completion`, masks the prompt by itself, and repeats one *step*: show the model a *batch*, here 16 replies, compute the loss,
# and move the weights a little so that it falls. `lora()` makes it train an *adapter*, a small set of extra weights, in
# place of all weights (lesson 4 opens that box).
#
# Before any training, ask it for its loss on 16 replies, and compare with your function.

# %% tags=["skip-execution"]
import gc
import tempfile
from pathlib import Path

from transformers import PrinterCallback, set_seed
from trl import DPOTrainer, SFTTrainer

from course.dpo import dpo_config, logged
from course.live import watch
from course.training import lora, sft_config

SETTINGS = {  # by model: steps, learning rates and the weight of DPO's leash
    "bundled": dict(sft_steps=80, sft_rate=6e-3, dpo_steps=60, dpo_rate=5e-4, beta=0.5, loose_rate=2e-3, batch=16),
    "t4": dict(sft_steps=60, sft_rate=3e-4, dpo_steps=60, dpo_rate=5e-5, beta=0.3, loose_rate=2e-3, batch=8),
}[subject.name]
folder, sixteen = Path(tempfile.mkdtemp(prefix="lesson02-")), draw_archive(16, seed=24)


def in_full_precision(trainer):
    """What is trained, is trained in float32, on any machine."""
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return trainer


def sft_trainer(rows, steps):
    """A trainer that fits a fresh adapter on a fresh base to demonstrations."""
    gc.collect(), torch.cuda.empty_cache()
    set_seed(0)
    args = sft_config(folder, steps, SETTINGS["sft_rate"], per_device_train_batch_size=SETTINGS["batch"],
                      gradient_accumulation_steps=16 // SETTINGS["batch"], per_device_eval_batch_size=16)  # fmt: skip
    model = load_base(subject).model
    return in_full_precision(
        SFTTrainer(
            model, args, train_dataset=rows, eval_dataset=sixteen, processing_class=base.tokenizer, peft_config=lora(16)
        )
    )


imitator = sft_trainer(archive, SETTINGS["sft_steps"])
imitator.remove_callback(PrinterCallback)
theirs = imitator.evaluate()["eval_loss"]
inputs, labels = encode(base, sixteen)
with torch.no_grad():
    logits = imitator.model.eval()(**inputs).logits.float()
print(f"SFTTrainer's loss on 16 replies: {theirs:.6f}")
try:
    ours = sft_loss(logits, labels).item()
    unmasked = sft_loss(logits, inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)).item()
    print(f"your sft_loss:                   {ours:.6f}   (difference {abs(ours - theirs):.0e})")
    print(f"… if the prompt counted, too:    {unmasked:.6f}")
except NotImplementedError:
    print("Solve exercise 1, then run this cell again.")

# %% [markdown]
# The two agree, up to rounding in the sixth digit or so. (On a GPU the trainer computes in 16 bits, and the agreement is
# looser.) No mystery is left in `SFTTrainer`: a loop around your function.
#
# ### What will SFT make of an imperfect archive?
#
# Now train on the archive. Before you do, commit yourself.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "The archive's mean voice score is a third, and no reply in it is perfect. What will replies score after SFT on it?",
    Choice(
        "Close to 100 %: training finds what the replies have in common, the voice",
        "Nothing in the loss says that Juniper's half is the better one. See below.",
    ),
    Choice(
        "About a third", "Yes. SFT makes all of the archive likely, the plain parts as well. See below.", correct=True
    ),
    Choice(
        "About two thirds, like the best replies in it", "The loss counts every reply alike, good or bad. See below."
    ),
    Choice(
        "About as the base model does", "It learns a lot: to write replies, and how the archive writes them. See below."
    ),
)

# %% tags=["skip-execution"]
watch(imitator, "SFT on the archive")
imitator.train()
imitator.model.save_pretrained(folder / "sft", save_embedding_layers=False)
results["SFT"] = measure_voice(imitator.model.eval(), base.tokenizer, fresh)
for ticket, reply in zip(fresh.select(range(3)), results["SFT"].replies, strict=False):
    print("Ticket:", ticket["text"], "\nAnswer:", reply, "\n")
print(f"Voice {results['SFT'].voice:.0%} (the archive: {sum(scores) / len(scores):.0%}); "
      f"wholly Juniper {results['SFT'].whole:.0%}; helpful {results['SFT'].helpful:.0%}")  # fmt: skip

# %% [markdown]
# (*Helpful*: the reply names the customer's product and promises something that fits the ticket.)
#
# The model writes proper replies now. (Not all are right. A reply with the right voice and the wrong promise is one of those
# that are not helpful: compare each answer above with its ticket.)
#
# And it writes them in the archive's voice: as imperfect as the archive, to a few points. (100 sampled replies leave an error
# of about ±4.) **SFT imitates. It copies the mixture that it is shown.** It cannot know which parts you like.
#
# With one difference: a few of its replies are perfect, and none in the archive is. It copies how often each part occurs, not
# the rule that all three never meet.
#
# So filter, you say: train on the best replies only. Quite right! Always try that first.

# %% tags=["skip-execution"]
best_rows = archive.select([place for place, score in enumerate(scores) if score > 0.5])
filtered = sft_trainer(best_rows, SETTINGS["sft_steps"] * 5 // 8)
watch(filtered, f"SFT on the {len(best_rows)} best")
filtered.train()
results["SFT, best only"] = measure_voice(filtered.model.eval(), base.tokenizer, fresh)
found = results["SFT, best only"]
print(f"Voice {found.voice:.0%}; wholly Juniper {found.whole:.0%}; helpful {found.helpful:.0%}")
del filtered

# %% [markdown]
# Much better, for the price of a filter. And there it stops: near two thirds, which is where the examples are. (Some replies
# are better than all of them, when the draw happens to put three good parts together.) An imitator is about as good as
# its examples.
#
# To get further you need a signal that says *more like this, less like that*. You have it: the pairs.

# %% [markdown]
# ## 2 · From pairs to a number: the reward model
#
# Two replies to one ticket, and somebody chose one. Could you turn such choices into a number for each reply, a
# **reward**, so that better replies have higher ones?
#
# Chess did that long ago. Nobody knows how strong a player is; you only see who wins against whom. Give each player a
# number, and let the *difference* say how likely a win is:
#
# > P(chosen beats rejected) = σ(r_chosen − r_rejected),   with σ(x) = 1 / (1 + e⁻ˣ)
#
# σ is called the *sigmoid*: it turns any number into one between 0 and 1. This is the **Bradley–Terry model**. By hand: rewards 2 and 0 give σ(2) = 0.88, a likely win. Rewards 1 and 1 give
# σ(0) = 1/2, a coin toss. And the surprise at a win is −log of that:
#
# ```text
# chosen  rejected   difference   P(win)   −log P
#   2        0           2         0.88     0.127
#   1        1           0         0.50     0.693
#   0        2          −2         0.12     2.127
# ```
#
# A model that gives these numbers is a **reward model**. To train it, make that surprise small over many pairs.
#
# ### Exercise 2 · The loss of a reward model
#
# Write `reward_loss(chosen, rejected)`.
#
# - **Input:** two tensors (batch,) of a floating dtype: the rewards of the chosen and of the rejected replies.
# - **Output:** a 0-dimensional tensor: the mean of −log σ(chosen − rejected). Finite for differences up to ±10,000, and in
#   torch operations all the way, as in exercise 1.
#
# <details><summary>Hint 1</summary>
#
# For a difference of −200, σ is 0 in floating point, and its log is −∞. The logarithm of σ has a function of its own.
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.nn.functional.logsigmoid`. Mind the sign: a loss is the *negative* logarithm.
# </details>


# %% reward_loss
import torch


def reward_loss(chosen, rejected):
    """Mean of −log σ(chosen − rejected): Bradley–Terry."""
    ### BEGIN SOLUTION
    return -torch.nn.functional.logsigmoid(chosen - rejected).mean()
    ### END SOLUTION


# %% test_reward_loss points=2
import torch

found = reward_loss(torch.tensor([1.0]), torch.tensor([1.0]))
assert isinstance(found, torch.Tensor), "Return a tensor, so that training can differentiate it: end with `return`."
assert found.shape == (), "One number for the batch: take the mean."
assert abs(found.item() - 0.693147) < 1e-4, "Equal rewards are a coin toss: −log(1/2) = 0.693."
found = reward_loss(torch.tensor([2.0]), torch.tensor([0.0]))
assert abs(found.item() - 0.126928) < 1e-4, (
    "For rewards 2 and 0 the loss is 0.127. 2.127 means chosen and rejected are swapped; a negative number: turn the sign."
)
found = reward_loss(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0]))
assert abs(found.item() - 1.126928) < 1e-4, "Two pairs: the mean of 0.127 and 2.127, each pair by itself."
found = reward_loss(torch.tensor([-1e4]), torch.tensor([0.0]))
assert abs(found.item() - 1e4) < 1, "A difference of −10,000 costs 10,000 nats, not inf: use logsigmoid."
### BEGIN HIDDEN TESTS
torch.manual_seed(3)
for count in (1, 3, 8, 50):
    chosen, rejected = 4 * torch.randn(count), 4 * torch.randn(count)
    wanted = torch.log1p(torch.exp(-(chosen.double() - rejected.double()))).mean().item()
    found = reward_loss(chosen, rejected).item()
    assert abs(found - wanted) < 1e-4 * max(1, wanted), (
        f"{count} pairs: {wanted:.4f}, not {found:.4f}. Mean over the pairs of −log σ(chosen − rejected)."
    )
for difference, wanted in ((1e4, 0.0), (-1e4, 1e4), (-200.0, 200.0), (200.0, 0.0)):
    found = reward_loss(torch.tensor([difference]), torch.tensor([0.0])).item()
    assert abs(found - wanted) <= 1e-4 * max(1, wanted), (
        f"A difference of {difference:g} costs {wanted:g} nats, not {found}: use logsigmoid, which does not overflow."
    )
assert reward_loss(torch.tensor([1.0], requires_grad=True), torch.tensor([0.0])).requires_grad, (
    "Training differentiates the loss: stay in torch, without .item(), .detach() or NumPy."
)
assert (
    abs(reward_loss(torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)).item() - 1.313262) < 1e-4
), "It should work for float64 as well."
### END HIDDEN TESTS

# %% [markdown]
# ### A reward model you can read
#
# A real reward model is a language model with one number as its output. Here is a smaller one that learns by the same
# loss: each word has a weight, and a reply's reward is the sum of the weights of its words. Most of the cell counts words.
# The loop under `try` is what trains: guess, measure the loss, nudge each weight so that it falls, 150 times.

# %% tags=["skip-execution"]
import re

from course.data.archive import draw_comparisons

comparisons = draw_comparisons(600, seed=22)  # TRL's form: prompt, chosen, rejected
validation = draw_comparisons(64, seed=25)
row = comparisons[0]
for name in ("prompt", "chosen", "rejected"):
    print(f"{name:<9}", row[name][0]["content"])


def words(text):
    """The words of a text, in lower case."""
    return re.findall(r"[a-z']+", text.lower())


seen = Counter(
    word for row in comparisons for side in ("chosen", "rejected") for word in words(row[side][0]["content"])
)
vocabulary = {word: place for place, word in enumerate(word for word, count in seen.items() if count >= 40)}


def features(texts):
    """How often each word of the vocabulary occurs, a row for each text."""
    return torch.tensor([[float(words(text).count(word)) for word in vocabulary] for text in texts])


def sides(rows):
    """Chosen and rejected replies as word counts."""
    return [features([row[side][0]["content"] for row in rows]) for side in ("chosen", "rejected")]


weights = torch.zeros(len(vocabulary), requires_grad=True)
optimizer = torch.optim.Adam([weights], lr=0.05)
(chosen, rejected), (unseen_chosen, unseen_rejected) = sides(comparisons), sides(validation)
try:
    for _ in range(150):
        optimizer.zero_grad()
        reward_loss(chosen @ weights, rejected @ weights).backward()
        optimizer.step()
    right = (unseen_chosen @ weights > unseen_rejected @ weights).float().mean()
    ranked = sorted(vocabulary, key=lambda word: weights[vocabulary[word]].item())
    print(f"\nIt agrees with the choices on {right:.0%} of 64 new pairs.")
    print("Words it likes most: ", ", ".join(reversed(ranked[-7:])))
    print("Words it likes least:", ", ".join(ranked[:7]))
except NotImplementedError:
    print("\nSolve exercise 2, then run this cell again.")

# %% [markdown]
# From nothing but choices it found Juniper's words. (And not only those that make its voice: a word like *from* is there
# because it keeps good company.) An excellent judge, it seems. So let it judge some replies that
# nobody asked it about.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "You search all texts for the one with the highest reward. What does it look like?",
    Choice(
        "A perfect reply, wholly in Juniper's voice",
        "That one scores high. But the reward is a sum over words, and a reply can be longer.",
    ),
    Choice(
        "One of the chosen replies that the model was trained on",
        "Training compared them with worse ones. Nothing makes them the maximum.",
    ),
    Choice(
        "Nonsense that a judge of this kind happens to love",
        "Yes. It knows only what tells the pairs apart, not what a good reply is.",
        correct=True,
    ),
)

# %% tags=["skip-execution"]
candidates = {
    "an archived reply": archive[0]["completion"][0]["content"],
    "a perfect reply": fresh[0]["brand"],
    "a single word": " ".join(ranked[-1:] * 12) if weights.any() else "",
}
for name, text in candidates.items():
    print(f"reward {(features([text]) @ weights).item():>6.1f}   {name}: {text}")

# %% [markdown]
# This is **reward hacking**. The reward model is right wherever it has seen pairs, and a fool everywhere else. Whoever
# searches hard for high rewards ends up everywhere else. Larger reward models are harder to fool, but the same happens:
# push far enough, and true quality falls while the reward still climbs
# ([Gao et al., arXiv 2210.10760](https://arxiv.org/abs/2210.10760)).

# %% [markdown]
# ## 3 · RLHF: chase the reward, on a leash
#
# Now the plan of **RLHF**, *reinforcement learning from human feedback*
# ([InstructGPT, arXiv 2203.02155](https://arxiv.org/abs/2203.02155)):
#
# 1. **SFT** on demonstrations. The result is copied and frozen: the **reference**.
# 2. Train a **reward model** on pairs.
# 3. Let the model write replies. From here on it is called the **policy**. Raise the probability of replies with high
#    reward, and lower that of others. But stay close to the reference.
#
# Step 3 is *reinforcement learning*: nobody says what the right reply would have been, only how good this one was. And
# "stay close" is the **leash** that keeps the policy where the reward model can be trusted:
#
# > maximize   reward − β · KL(policy ‖ reference)
#
# **KL**, the *Kullback–Leibler divergence*, says how far the policy has moved: the mean of log(policy / reference) over
# what the policy writes. It is 0 when the two agree. **β** (beta) says how much a nat of distance costs. A large β is a
# short leash.
#
# By hand. The policy wrote a reply; the reward model gave it 2.0. Its log-probability is −14 under the policy and −20
# under the reference: the policy has made it likelier by 6 nats. With β = 0.1 the leash costs 0.6, and 1.4 is left.
#
# Which policy is the best one, on a given leash? There is a formula, and you will need it soon:
#
# > best policy ∝ reference × exp(reward / β)
#
# (∝: up to a factor that makes the probabilities sum to 1.) Three replies, β = 1:
#
# ```text
# reply        reference   reward   reference × e^reward     best policy
# plain           0.6         0      0.6 × 1.00 = 0.60          0.28
# mixed           0.3         1      0.3 × 2.72 = 0.82          0.38
# Juniper         0.1         2      0.1 × 7.39 = 0.74          0.34
#                                           sum = 2.15
# ```
#
# The good reply went from 0.1 to 0.34, and not to 1: the leash holds.
#
# <details><summary>Where does the formula come from?</summary>
#
# Let π be the policy, and π* = reference × exp(reward / β) / Z, with the Z that makes the probabilities sum to 1. For each reply,
#
# reward − β · log(π / reference) = β · log(reference × exp(reward / β) / π) = β · log Z − β · log(π / π*).
#
# Its mean over what π writes is β · log Z − β · KL(π ‖ π*). That is what you maximize. Z does not depend on π, and a KL is
# never negative, and 0 only for π = π*. So π* is the best.
# </details>
#
# Play with it. The last reply is nonsense, and the
# reward model loves it by mistake. Find the longest leash on which the policy does not cheat. Then make the mistake
# larger.

# %% tags=["skip-execution"]
from course.explorers.leash import explore_leash

explore_leash()

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "A policy is trained with β = 0. What holds it back?",
    Choice(
        "The reference, since training started from it",
        "It started there, but nothing pulls it back: the leash costs 0.",
    ),
    Choice(
        "The learning rate, which is small enough to keep any policy close to where it began",
        "It decides how fast the policy runs away, not whether.",
    ),
    Choice(
        "Nothing",
        "Yes: the best policy gives all its probability to the reply with the highest reward, nonsense or not.",
        correct=True,
    ),
)

# %% [markdown]
# ### Measuring the leash
#
# KL is a mean over everything that the policy might write. Nobody can list that. So you estimate it from samples: let the
# policy write, and look at each token. Write
#
# > d = log-probability under the reference − log-probability under the policy
#
# The obvious estimate is the mean of −d. It is right on average. But a single −d is often negative, and a KL never is.
# There is a better one, called **k3** ([Schulman 2020](http://joschu.net/blog/kl-approx.html)):
#
# > k3 = eᵈ − d − 1
#
# It is never negative, and over tokens that the policy itself drew its mean is the same. By hand. Say that there are only
# two tokens, and that the policy draws each half of the time, so that a plain mean counts them as the policy does:
#
# ```text
#             policy   reference     d = log(ref / policy)      −d         k3
# token 1      1/2        1/4              −0.693             +0.693      0.193
# token 2      1/2        3/4              +0.405             −0.405      0.095
#                                            mean:             0.144      0.144
# ```
#
# Equal means. But −d swings between +0.693 and −0.405, while k3 stays close to its mean. As long as the two models are not
# far apart, that is the one you want from few samples. TRL's `GRPOTrainer` uses it. (Far apart it is the other way round: eᵈ
# explodes, and one token can make the whole mean. You will print both at the end of section 5.)
#
# ### Exercise 3 · The length of the leash
#
# Write `kl_k3(policy_logprobs, reference_logprobs)`.
#
# - **Input:** two tensors of the same shape, any number of dimensions and any floating dtype: the log-probabilities of
#   the tokens that the policy wrote, under the policy and under the reference.
# - **Output:** a 0-dimensional tensor: the mean over all elements of eᵈ − d − 1, with d = reference − policy.
#
# <details><summary>Hint 1</summary>
#
# Mind the direction of d. With the signs turned round, the mean is another number (try it on the table).
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.exp(d)`, and `.mean()` without arguments takes the mean over all elements.
# </details>


# %% kl_k3
import torch


def kl_k3(policy_logprobs, reference_logprobs):
    """Mean of exp(d) − d − 1, where d = reference − policy: Schulman's k3 estimate of KL(policy ‖ reference)."""
    ### BEGIN SOLUTION
    d = reference_logprobs - policy_logprobs
    return (torch.exp(d) - d - 1).mean()
    ### END SOLUTION


# %% test_kl_k3 points=2
import torch

policy, reference = torch.log(torch.tensor([0.5, 0.5])), torch.log(torch.tensor([0.25, 0.75]))
found = kl_k3(policy, reference)
assert isinstance(found, torch.Tensor), "Return a tensor: end with `return`."
assert found.shape == (), "One number: the mean over all elements."
assert abs(kl_k3(policy, policy).item()) < 1e-4, "Equal models are at distance 0: e⁰ − 0 − 1 = 0."
assert abs(found.item() - 0.143841) < 1e-4, (
    "The table's mean is 0.144. If you have 0.212, d has the wrong direction: it is reference − policy."
)
found = kl_k3(torch.log(torch.tensor([0.5])), torch.log(torch.tensor([0.25])))
assert abs(found.item() - 0.193147) < 1e-4, (
    "Token 1 alone, 1/2 against 1/4: k3 is 0.193. (0.693 is −d, the obvious estimate; 0.240 is d² / 2.)"
)
### BEGIN HIDDEN TESTS
torch.manual_seed(4)
for shape in [(1,), (7,), (3, 5), (2, 3, 4)]:
    policy, reference = -3 * torch.rand(shape), -3 * torch.rand(shape)
    d = reference.double() - policy.double()
    wanted = (d.exp() - d - 1).mean().item()
    found = kl_k3(policy, reference)
    assert found.shape == (), f"Shape {shape}: the mean over all elements is one number, not {tuple(found.shape)}."
    assert abs(found.item() - wanted) < 1e-4 * max(1, wanted), (
        f"Shape {shape}: {wanted:.4f}, not {found.item():.4f}. Mean of exp(d) − d − 1 with d = reference − policy."
    )
found = kl_k3(torch.full((2, 3), -5.0), torch.full((2, 3), -1.0)).item()
assert abs(found - 49.59815) < 1e-2, f"d = 4 everywhere gives e⁴ − 4 − 1 = 49.598, not {found:.3f}: nothing is cut off."
assert kl_k3(torch.tensor([-1.0], requires_grad=True), torch.tensor([-2.0])).requires_grad, (
    "Training differentiates the leash: stay in torch, without .item(), .detach() or NumPy."
)
### END HIDDEN TESTS

# %% [markdown]
# ### PPO, by arithmetic
#
# How does step 3 move the policy? The classic answer is **PPO**, *proximal policy optimization*
# ([arXiv 1707.06347](https://arxiv.org/abs/1707.06347)). You need two of its ideas.
#
# **Advantage.** A reward of 1.4 means nothing by itself. Is that good for this ticket? So a second model, the **value
# model** or *critic*, learns to predict the reward to come, and what counts is the *advantage*: reward minus prediction.
#
# **Clipping.** Replies are expensive to write, so each batch of them is used for several steps. Meanwhile the policy moves
# on. PPO watches, for each token, the *ratio* of the new probability to the old one. Once the ratio is past 1.2 for a good
# reply, or below 0.8 for a bad one, it stops paying for going on:

# %% tags=["skip-execution"]
print("               paid for a good reply   for a bad reply")
print("ratio new/old      (advantage +1)      (advantage −1)")
for ratio in (0.5, 0.8, 1.0, 1.2, 1.5, 3.0):
    clipped = min(max(ratio, 0.8), 1.2)
    good, bad = min(ratio * 1, clipped * 1), min(ratio * -1, clipped * -1)
    print(f"{ratio:>13}      {good:>+10.1f}        {bad:>+10.1f}")

# %% [markdown]
# For a good reply nothing is gained beyond 1.2, and for a bad one nothing below 0.8. The policy has no reason to go
# further in one go.
#
# You will not run PPO here, and the TRL installed here has no `PPOTrainer` any more. Look at what it takes: four models in memory, two of
# them training, and a policy that has to write fresh replies for every step.

# %% tags=["skip-execution"]
_ = show(*draw_models())
billions = 7
trained, frozen = 16 * billions, 2 * billions  # bytes a weight: 16 while it trains, 2 when it is frozen
for method, gigabytes in {
    "SFT": trained,
    "DPO": trained + frozen,
    "GRPO, β > 0": trained + frozen,
    "RLHF with PPO": 2 * trained + 2 * frozen,
    "DPO, on an adapter": frozen,
}.items():
    print(
        f"{method:<20} {gigabytes:>4} GB for a model of 7 billion weights"
        + (", plus the adapter" if "adapter" in method else "")
    )

# %% [markdown]
# (A weight that trains takes 16 bytes: itself, its gradient, and the averages that the usual optimizer, AdamW, keeps for it.
# A frozen one takes 2, in 16-bit numbers. What the layers compute on the way, and the replies being written, come on top. All
# models are counted with 7 billion weights here; a reward or value model may be smaller.)
#
# PPO works. It made InstructGPT: people preferred the replies of its 1.3B model to those of GPT-3 with 175B
# ([arXiv 2203.02155](https://arxiv.org/abs/2203.02155)). But it is the most expensive machine in this lesson, and the
# hardest to tune. Two methods came to replace it, each by throwing something out.

# %% [markdown]
# ## 4 · GRPO: throw out the critic
#
# The value model had one job: to say whether a reward is good *for this ticket*. There is a cheaper way to find out. Let
# the policy answer the same ticket several times, and compare the answers **with each other**. That is **GRPO**, *group
# relative policy optimization* ([DeepSeekMath, arXiv 2402.03300](https://arxiv.org/abs/2402.03300)).
#
# > advantage = (reward − mean of the group) / standard deviation of the group
#
# By hand: four answers with rewards 1, 0, 0, 1. Mean 1/2, standard deviation 1/2: advantages +1, −1, −1, +1. A group of 1, 1,
# 1, 1 teaches nothing: all advantages are 0.
#
# Where do rewards come from? From a reward model, or better, where there is one, from a **verifier**: a program that
# checks. Did the tests pass? Is the number right? Repeating a word does not flatter a verifier. (A careless one can be cheated
# all the same: think of tests that the answer may edit.) These are called *verifiable rewards*, and they are how DeepSeek-R1
# learned to reason ([arXiv 2501.12948](https://arxiv.org/abs/2501.12948)).
#
# Juniper has a verifier for *triage*: valid JSON, right fields. It has none for the voice. (`voice_score` plays people's
# taste in this lesson. If you really had such a function, you would use GRPO.)
#
# ### A trap in the formula
#
# "A group of equal rewards has advantage 0." Let us see what a computer says. Seven answers, each with reward 0.1:

# %% tags=["skip-execution"]
rewards = torch.full((1, 7), 0.1)
mean, spread = rewards.mean(), rewards.std(correction=0)
print(f"mean − 0.1 = {mean.item() - rewards[0, 0].item():.1e}     standard deviation = {spread.item():.1e}")
print("advantages =", [round(value, 2) for value in ((rewards - mean) / spread)[0].tolist()])

# %% [markdown]
# Not 0. The sum of seven times 0.1, divided by 7, is not 0.1 in 32-bit arithmetic: it is off in the last bit. The standard
# deviation is off by the same tiny amount, and the quotient of two tiny errors is as large as 1. The model would be
# pushed hard, by nothing.
#
# TRL adds 0.0001 to the divisor, which makes such errors small, and every honest advantage a little too small. (It also
# divides by n − 1 where the paper's plain standard deviation divides by n: with eight answers that makes advantages another
# 6 % smaller.) You do without, and ask whether the rewards are equal. Each way has its price: rewards that are *almost* equal,
# such as 0.1 and 0.3 − 0.2, TRL's 0.0001 calms, and yours does not.
#
# ### Exercise 4 · Advantages without a critic
#
# Write `grpo_advantages(rewards)`.
#
# - **Input:** `rewards`, a float32 or float64 tensor (groups, samples).
# - **Output:** a tensor of the same shape: in each group, (reward − mean) / standard deviation. Take the *population*
#   standard deviation, which divides by the number of samples. Add nothing to it.
# - A group whose rewards are all equal gets **exactly** 0, every time. A group may have a single sample.
#
# <details><summary>Hint 1</summary>
#
# `mean(dim=1, keepdim=True)` gives (groups, 1), so that the subtraction fits. `std(dim=1, keepdim=True, correction=0)` is the
# population's.
# </details>
# <details><summary>Hint 2</summary>
#
# Do not ask whether the standard deviation is 0: you saw that it is not. Ask whether all rewards of the group equal
# its first one.
# </details>
# <details><summary>Hint 3</summary>
#
# `torch.where(same, torch.zeros_like(rewards), advantages)` picks element by element, and drops the NaN of 0 / 0.
# </details>


# %% grpo_advantages
import torch


def grpo_advantages(rewards):
    """Each reward against its group: (reward − mean) / population standard deviation, exactly 0 where all are equal."""
    ### BEGIN SOLUTION
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    advantages = centred / rewards.std(dim=1, keepdim=True, correction=0)
    same = (rewards == rewards[:, :1]).all(dim=1, keepdim=True)
    return torch.where(same, torch.zeros_like(rewards), advantages)
    ### END SOLUTION


# %% test_grpo_advantages points=2
import torch

found = grpo_advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0]]))
assert isinstance(found, torch.Tensor), "Return a tensor of advantages: end with `return`."
assert found.shape == (1, 4), f"One advantage for each reward, (1, 4); yours is {tuple(found.shape)}."
assert torch.allclose(found.double(), torch.tensor([[1.0, -1.0, -1.0, 1.0]]).double(), atol=1e-4), (
    "Rewards 1, 0, 0, 1 have mean 1/2 and standard deviation 1/2: +1, −1, −1, +1. (0.866: you divide by n − 1. 0.9998: you "
    "added something to the divisor.)"
)
found = grpo_advantages(torch.tensor([[1.0, 0.0], [10.0, 30.0]]))
assert torch.allclose(found.double(), torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).double(), atol=1e-4), (
    "Each row is a group of its own: compare a reward with its own group only (dim=1)."
)
### BEGIN HIDDEN TESTS
torch.manual_seed(5)
for groups, samples in [(1, 2), (3, 5), (5, 3), (2, 16), (7, 4)]:
    rewards = 3 * torch.randn(groups, samples)
    exact = rewards.double()
    wanted = (exact - exact.mean(1, keepdim=True)) / exact.std(1, keepdim=True, correction=0)
    kept = rewards.clone()
    found = grpo_advantages(rewards)
    assert found.shape == rewards.shape, f"{groups} groups of {samples}: the shape stays as it is."
    assert torch.allclose(found.double(), wanted, rtol=1e-4, atol=1e-4), (
        f"{groups} groups of {samples}: not (reward − mean) / population standard deviation, group by group."
    )
    assert torch.equal(rewards, kept), "Leave the rewards as you found them."
small = grpo_advantages(torch.tensor([[0.0, 1e-4, 0.0, 1e-4]]))
assert torch.allclose(small.double(), torch.tensor([[-1.0, 1.0, -1.0, 1.0]]).double(), atol=1e-3), (
    "Small differences are differences: add nothing to the standard deviation, and have no threshold for equality."
)
### END HIDDEN TESTS

# %% test_grpo_advantages_equal points=2
import torch

found = grpo_advantages(torch.full((1, 7), 0.1))
assert not torch.isnan(found).any(), "A group of equal rewards gave NaN, which is 0 / 0: give such a group zeros."
assert torch.equal(found.double(), torch.zeros(1, 7).double()), (
    "Seven rewards of 0.1 are all equal, so the advantages are exactly 0. The float32 mean of them is not 0.1: compare the rewards "
    "with each other."
)
### BEGIN HIDDEN TESTS
for value in (0.0, 0.1, 0.3, 0.7, -0.1, 1 / 3, 1.1, 2.7, 1e-3, 123.456):
    for samples in (1, 2, 3, 5, 6, 7, 9, 10, 11, 13):
        for dtype in (torch.float32, torch.float64):
            found = grpo_advantages(torch.full((2, samples), value, dtype=dtype))
            assert torch.equal(found.double(), torch.zeros(2, samples).double()), (
                f"{samples} rewards of {value:.4g} in {dtype} are all equal: exactly 0, not {found[0].tolist()}."
            )
mixed = torch.tensor([[0.1] * 7, [0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1], [0.7] * 7])
found = grpo_advantages(mixed)
assert torch.equal(found[[0, 2]].double(), torch.zeros(2, 7).double()), "Equal groups are 0 beside a group that is not."
wanted = (mixed[1].double() - mixed[1].double().mean()) / mixed[1].double().std(correction=0)
assert torch.allclose(found[1].double(), wanted, rtol=1e-4, atol=1e-4), (
    "A group beside two equal ones keeps its advantages."
)
### END HIDDEN TESTS

# %% [markdown]
# Your function at work on the triage job: the base model answers four tickets eight times each, with an instruction. The
# verifier pays 1 for valid JSON, and 1 more when all three fields are right.

# %% tags=["skip-execution"]
from course.data import INSTRUCTION, draw_tickets, triage_messages
from course.evaluation import score_triage
from course.models import generate

asked = [ticket for ticket in draw_tickets(4, seed=26) for _ in range(8)]
answers = generate(base.model, base.tokenizer, [triage_messages(ticket["text"], INSTRUCTION) for ticket in asked])
checked = [score_triage([answer], [ticket]) for answer, ticket in zip(answers, asked, strict=True)]
rewards = torch.tensor([score.valid + score.correct for score in checked]).view(4, 8)
try:
    for group, (reward, advantage) in enumerate(zip(rewards, grpo_advantages(rewards), strict=True), 1):
        print(f"ticket {group}   rewards    {'  '.join(f'{value:>4.0f}' for value in reward.tolist())}")
        print(f"           advantages {'  '.join(f'{value:>+4.1f}' for value in advantage.tolist())}\n")
except NotImplementedError:
    print("Solve exercise 4, then run this cell again.")

# %% [markdown]
# No model said which answers were good: a program did, and the group said how good. A ticket on which all answers earn the
# same teaches nothing. So GRPO wants tasks that the model gets right *sometimes*.
#
# The bill: no critic and no reward model, but eight answers written for each ticket and step. And the leash? It is
# k3 again. In TRL's `GRPOConfig`, its β is 0 unless you set it; then no reference is kept at all.

# %% tags=["skip-execution"]
import dataclasses

from trl import GRPOConfig

defaults = {field.name: field.default for field in dataclasses.fields(GRPOConfig)}
print("GRPOConfig by default: beta =", defaults["beta"], "  num_generations =", defaults["num_generations"])

# %% [markdown]
# ## 5 · DPO: throw out the reward model, and the sampling
#
# Back to the voice, where you have pairs and no verifier. Go back to the formula for the best policy on a leash:
#
# > best policy = reference × exp(reward / β) / Z
#
# Z is the factor that makes the probabilities of all replies to this ticket sum to 1. Nobody can compute it. But turn the
# formula around, and solve for the reward:
#
# > reward = β · log(policy / reference) + β · log Z
#
# (Divide both sides by the reference, take logarithms, multiply by β.)
#
# Read this again. **Any policy is the best one for some reward, and here is that reward.** The policy *is* a reward model:
# what it likes better than the reference does, it must think well of. (For each ticket up to a constant, β · log Z.)
#
# Now put that reward into Bradley–Terry. Only the *difference* of two rewards counts there, both replies answer the same
# ticket, and Z is the same in both. It cancels:
#
# > loss = −log σ( β · [ log(policy / reference) of the chosen − log(policy / reference) of the rejected ] )
#
# This is **DPO**, *direct preference optimization* ([arXiv 2305.18290](https://arxiv.org/abs/2305.18290)). No reward model,
# no replies to be written, two models instead of four. What is inside σ is called the **margin**, and β · log(policy /
# reference) the **implicit reward**.
#
# By hand, β = 0.1. Log-probabilities of whole replies, which are sums over their tokens:
#
# ```text
#              policy   reference    difference
# chosen         −18       −20           +2
# rejected       −25       −22           −3
# margin = 0.1 × (2 − (−3)) = 0.5        loss = −log σ(0.5) = 0.474
# ```

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Training starts with the policy as an exact copy of the reference. What is DPO's loss on the first batch?",
    Choice(
        "0, since policy and reference agree",
        "Then all differences are 0, and so is the margin. But −log σ(0) is not 0.",
    ),
    Choice(
        "It depends on the pairs: the clearer the difference in quality, the smaller",
        "The quality of the replies is not in the formula, only how the policy's view of them has changed.",
    ),
    Choice("About 20, like the log-probabilities", "These cancel: each is taken relative to the reference."),
    Choice(
        "ln 2, about 0.693, whatever the pairs and β",
        "Yes: margin 0, and −log σ(0) = −log ½. A coin toss, for every pair.",
        correct=True,
    ),
)

# %% [markdown]
# ### Exercise 5 · The loss of DPO
#
# Write `dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1)`.
#
# - **Input:** four tensors (batch,) of a floating dtype: log-probabilities of whole replies, in nats. `beta`, a positive
#   number.
# - **Output:** a 0-dimensional tensor: the mean over the batch of −log σ(margin), with
#   margin = β · [(policy_chosen − reference_chosen) − (policy_rejected − reference_rejected)].
# - Finite for differences up to ±10,000, and in torch operations all the way.
#
# <details><summary>Hint 1</summary>
#
# Two differences first, one for the chosen and one for the rejected reply: how much likelier than under the reference?
# </details>
# <details><summary>Hint 2</summary>
#
# The rest is exercise 2, with β times these differences as rewards.
# </details>


# %% dpo_loss
import torch


def dpo_loss(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta=0.1):
    """Mean of −log σ(β · (how much likelier the chosen reply became − how much likelier the rejected one became))."""
    ### BEGIN SOLUTION
    chosen = policy_chosen - reference_chosen
    rejected = policy_rejected - reference_rejected
    return -torch.nn.functional.logsigmoid(beta * (chosen - rejected)).mean()
    ### END SOLUTION


# %% test_dpo_loss points=3
import math

import torch

chosen, rejected = torch.tensor([-18.0, -7.0]), torch.tensor([-25.0, -9.0])
found = dpo_loss(chosen, rejected, chosen, rejected)
assert isinstance(found, torch.Tensor), "Return a tensor, so that training can differentiate it: end with `return`."
assert found.shape == (), "One number for the batch: take the mean."
assert abs(found.item() - math.log(2)) < 1e-4, (
    "Where policy and reference agree, the margin is 0 and the loss ln 2 = 0.693. Do you subtract the reference?"
)
found = dpo_loss(torch.tensor([-18.0]), torch.tensor([-25.0]), torch.tensor([-20.0]), torch.tensor([-22.0]))
assert abs(found.item() - 0.474077) < 1e-4, (
    "The example has margin 0.5 and loss 0.474. (0.974: the sign is turned. 0.007: β is missing.)"
)
found = dpo_loss(torch.tensor([-18.0]), torch.tensor([-25.0]), torch.tensor([-20.0]), torch.tensor([-22.0]), beta=0.4)
assert abs(found.item() - 0.126928) < 1e-4, "With β = 0.4 the margin is 2 and the loss 0.127: use the argument."
found = dpo_loss(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0]), torch.zeros(2), torch.zeros(2), beta=1.0)
assert abs(found.item() - 1.126928) < 1e-4, (
    "Margins of 2 and −2 cost 0.127 and 2.127: the mean is 1.127. (0.693: you took the mean of the margins first.)"
)
found = dpo_loss(torch.tensor([-1e4]), torch.zeros(1), torch.zeros(1), torch.zeros(1), beta=1.0)
assert abs(found.item() - 1e4) < 1, "A margin of −10,000 costs 10,000 nats, not inf: use logsigmoid."
### BEGIN HIDDEN TESTS
torch.manual_seed(6)
for count, beta in [(1, 0.1), (3, 0.5), (8, 0.02), (40, 1.0)]:
    sides = [-20 + 6 * torch.randn(count) for _ in range(4)]
    exact = [side.double() for side in sides]
    margin = beta * ((exact[0] - exact[2]) - (exact[1] - exact[3]))
    wanted = torch.log1p(torch.exp(-margin)).mean().item()
    found = dpo_loss(*sides, beta=beta).item()
    assert abs(found - wanted) < 1e-4 * max(1, wanted), (
        f"{count} pairs, β = {beta}: {wanted:.4f}, not {found:.4f}. Each pair by itself, then the mean."
    )
one = torch.tensor([-3.0]), torch.tensor([-4.0]), torch.tensor([-5.0]), torch.tensor([-9.0])
assert abs(dpo_loss(*one).item() - dpo_loss(*one, 0.1).item()) < 1e-6, "β is 0.1 when it is not given."
for difference, wanted in ((1e4, 0.0), (-1e4, 1e4)):
    found = dpo_loss(torch.tensor([difference]), torch.zeros(1), torch.zeros(1), torch.zeros(1), beta=1.0).item()
    assert abs(found - wanted) <= 1e-4 * max(1, wanted), (
        f"A difference of {difference:g} costs {wanted:g} nats, not {found}: use logsigmoid, which does not overflow."
    )
assert dpo_loss(
    torch.tensor([-1.0], requires_grad=True), torch.zeros(1), torch.zeros(1), torch.zeros(1)
).requires_grad, "Training differentiates the loss: stay in torch, without .item(), .detach() or NumPy."
### END HIDDEN TESTS

# %% [markdown]
# ### What DPO sees, and what it does not
#
# Play before you train. It starts at the example above. Find settings in which **both** replies became less likely and
# the loss still fell below ln 2. Then move only β, and watch how hard the pair still pushes: β decides how soon a pair is done,
# and also how much a nat counts while it is not.

# %% tags=["skip-execution"]
from course.explorers.dpo import explore_dpo

explore_dpo()

# %% [markdown]
# ### The run
#
# The reference is the model after SFT. Its adapter is *merged* into the base (added to its weights, lesson 4), and a
# fresh adapter goes on top. That gives you two models for the memory of one: with the adapter **on** it is the policy,
# with the adapter **off** it is the reference. `DPOTrainer` switches by itself; you hand it no reference at all.
#
# Meanwhile it watches 64 pairs that it does not train on. Among the figures that it logs are the log-probabilities of the chosen
# and of the rejected replies. What will they do?

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "In the run that you are about to start, what happens to the log-probability of the better replies?",
    Choice("It rises: that is what the training is for", "It is what everybody expects. Run the next two cells."),
    Choice(
        "It stays where it was: only the worse replies are pushed down",
        "The two are much alike, and one adapter moves them both. Run the next two cells.",
    ),
    Choice(
        "It ends lower than it began",
        "Run the next two cells, and read on: only the difference is in the loss.",
        correct=True,
    ),
)


# %% tags=["skip-execution"]
from peft import PeftModel


def dpo_trainer(reference, steps, learning_rate, beta, **changes):
    """A trainer that fits a fresh adapter on the reference to the pairs; TRL switches it off to get the reference."""
    gc.collect(), torch.cuda.empty_cache()
    args = dpo_config(folder, steps, learning_rate, beta, **changes)
    pairs = draw_comparisons(8 * steps, seed=22)
    return in_full_precision(
        DPOTrainer(
            reference,
            args=args,
            train_dataset=pairs,
            eval_dataset=validation,
            processing_class=base.tokenizer,
            peft_config=lora(8),
        )
    )


def after_sft():
    """The reference: a fresh base with the adapter of the SFT run merged into its weights."""
    return PeftModel.from_pretrained(load_base(subject).model, folder / "sft").merge_and_unload()


trainer = dpo_trainer(after_sft(), SETTINGS["dpo_steps"], SETTINGS["dpo_rate"], SETTINGS["beta"])
watch(trainer, "DPO on the pairs", per="pair")
trainer.train()
history = trainer.state.log_history
print(
    f"Loss on the 64 pairs before the first step: {logged(history, 'loss')[1][0]:.6f}   ln 2 = {torch.log(torch.tensor(2.0)):.6f}"
)

# %% tags=["skip-execution"]
_ = show(*draw_dpo_run(history))

# %% [markdown]
# There it is. On the left the margin grows, as it should. On the right the *better* replies gain a little at first, and end
# up less likely than they began, although every step was about preferring them. (That is the bundled model's curve. On a larger
# model the fall may be smaller, or begin later. That the rejected ones start *above* the chosen is no mistake: two thirds of the
# archive's parts are plain, so after SFT plainer replies are likelier.)
#
# Is something broken? Look at the formula again: only the **difference** is in the loss. The model may push the rejected
# replies down by ten and the chosen ones by two, and the loss is as pleased as with +4 and −4. And replies that look alike
# to the model move together. This is well known, as *likelihood displacement*
# ([arXiv 2410.08847](https://arxiv.org/abs/2410.08847), which measures "alike" on the model's hidden states).
#
# The probabilities of all possible replies sum to 1. If chosen and rejected both lost, **something else won**. The
# question is what. It can be harmful: in that paper a model trained to refuse ended up refusing *less*. It can be noise. Or
# it can be what you were hoping for. Do not guess. Measure.

# %% tags=["skip-execution"]
model = trainer.model.eval()
results["DPO"] = measure_voice(model, base.tokenizer, fresh)
for ticket, reply in zip(fresh.select(range(3)), results["DPO"].replies, strict=False):
    print("Ticket:", ticket["text"], "\nAnswer:", reply, "\n")

shown = [row["completion"] for row in archive] + [row["chosen"] for row in comparisons]
perfect = sum(voice_score(reply[0]["content"]) > 0.99 for reply in shown)
print(f"Perfect replies among {len(shown)} archived and chosen ones: {perfect}")

_ = show(*draw_voices(results))

# %% [markdown]
# So that is who won: replies that sound like Juniper from beginning to end. **Not one such reply is in the archive, and not
# one is in the pairs** (the line above the figure counts them). The pairs never said "write this". They said "more of this
# than of that", hundreds of times, and the model followed the arrow past the best of its examples.
#
# It did not invent them. The model draws the three parts nearly independently. Where each is Juniper's with probability 0.40,
# all three are in 0.40³ = 6 % of the replies; with 0.69 it is 33 %, and with 0.86 it is 64 %. Cube your own voice scores, and
# compare with the middle bars. So SFT wrote such replies, too, now and then, and DPO made them common. (The bundled model had
# even met some in its pre-training.) The formula of section 3 multiplies the reference: what that gave nearly 0, stays nearly 0.
#
# Now the falling curve makes sense as well. Count it by hand, with 0.40 before and 0.86 after for each part that is Juniper's,
# hence 0.60 and 0.14 for each plain one:
#
# ```text
# a chosen reply with       change of its log-probability, in nats
# two Juniper parts         2 · ln(0.86 / 0.40) +     ln(0.14 / 0.60) = +0.1
# one                           ln(0.86 / 0.40) + 2 · ln(0.14 / 0.60) = −2.1
# ```
#
# The chosen replies with one good part of three lose most: as the model gave up plain openings and plain sign-offs, it gave
# them up, too. They were *better*, not *good*. (This simple count gives about half of the measured fall.)
#
# This time. Nothing in the loss guarantees it, and so you look at three things after every DPO run: replies, a measure that
# is not the loss, and a measure of what must *not* change. Here that is the last group of bars: does the reply still help?

# %% [markdown]
# ### The library did what you wrote
#
# Check TRL's last figures against your own function. The log-probability of a reply is the sum over its tokens. You get the
# policy's with the adapter on, and the reference's with the adapter off.


# %% tags=["skip-execution"]
def token_logprobs(model, inputs, labels):
    """Log-probability of each label, 0 where the label is −100: (batch, length − 1)."""
    targets, found = labels[:, 1:], []
    for start in range(0, len(labels), 8):  # eight at a time: logits are large
        part = {name: tensor[start : start + 8] for name, tensor in inputs.items()}
        with torch.no_grad():
            logprobs = model(**part).logits[:, :-1].float().log_softmax(-1)
        found.append(logprobs.gather(-1, targets[start : start + 8].clamp(min=0).unsqueeze(-1)).squeeze(-1))
    return torch.cat(found) * (targets != -100)


pair = [encode(base, validation, side) for side in ("chosen", "rejected")]
policy_side = [token_logprobs(model, *side).sum(-1) for side in pair]
with model.disable_adapter():
    reference_side = [token_logprobs(model, *side).sum(-1) for side in pair]
last = {name: logged(history, name)[1][-1] for name in ("loss", "logps/chosen", "rewards/margins")}
difference = [(policy - before).mean().item() for policy, before in zip(policy_side, reference_side, strict=True)]
ours = {
    "logps/chosen": policy_side[0].mean().item(),
    "rewards/margins": SETTINGS["beta"] * (difference[0] - difference[1]),
}
try:
    ours["loss"] = dpo_loss(*policy_side, *reference_side, beta=SETTINGS["beta"]).item()
except NotImplementedError:
    print("Solve exercise 5, then run this cell again.")
for name, value in ours.items():
    print(f"{name:<16} TRL {last[name]:>11.6f}   yours {value:>11.6f}   difference {abs(last[name] - value):.0e}")

# %% [markdown]
# Five digits agree, or more; the rest is rounding. (On a GPU the trainer computes in 16 bits: expect two or three.) What
# `DPOTrainer` adds to your function is a loop, a switch for the adapter, and the log.
#
# ### Off the leash
#
# β is DPO's leash, too. It decides when a pair is *done*: at margin 4, say, a pair hardly pushes any more, and with a small β
# the policy must run far to get there. So take the leash off: a tiny β, and larger steps, so that it gets somewhere. The loss
# of such a run is not comparable (β is part of it). The share of pairs in the right order is: those whose margin is positive.
#
# Two things change at once then, the leash and the size of the steps. So there is a third run between the two: the same
# large steps, with the leash.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Off the leash, the new policy will order over 90 % of the 64 new pairs correctly. What will its replies be like?",
    Choice(
        "Better still: it has learned the preference more thoroughly",
        "It has learned to tell these pairs apart, which is not the same. See below.",
    ),
    Choice(
        "Less use to a customer",
        "Yes. It moves to wherever the margin is largest, and text that helps is not in the loss. See below.",
        correct=True,
    ),
    Choice(
        "The same, since a pair in the right order cannot be ordered any better",
        "The order is the same, but the margin, and the distance from the reference, are not. See below.",
    ),
)


# %% tags=["skip-execution"]
def distance(model):
    """k3 and the mean of −d, per token that the model wrote, against the reference, its adapter switched off."""
    questions = [[{"role": "user", "content": ticket["text"]}] for ticket in fresh.select(range(32))]
    written = generate(model, base.tokenizer, questions, max_new_tokens=64, seed=3)
    rows = [
        {"prompt": asked, "answer": [{"role": "assistant", "content": reply}]}
        for asked, reply in zip(questions, written, strict=True)
    ]
    inputs, labels = encode(base, rows, "answer")
    counted = labels[:, 1:] != -100
    for row in counted:  # the end mark and the line break after it: the template wrote these, not the policy
        row[row.nonzero()[-2:]] = False
    policy = token_logprobs(model, inputs, labels)[counted]
    with model.disable_adapter():
        before = token_logprobs(model, inputs, labels)[counted]
    return kl_k3(policy, before).item(), (policy - before).mean().item()


def report(name, trainer):
    """Print what a run is worth."""
    found, order = results[name], logged(trainer.state.log_history, "rewards/accuracies")[1][-1]
    try:
        leash = "nats a token from the reference: k3 {:.2f}, −d {:.2f}".format(*distance(trainer.model))
    except NotImplementedError:
        leash = "(solve exercise 3 to see the distance)"
    print(
        f"{name}\n   pairs in order {order:.0%}, voice {found.voice:.0%}, wholly {found.whole:.0%}, helpful {found.helpful:.0%}"
    )
    print(f"   {leash}")


report("DPO", trainer)
half = SETTINGS["dpo_steps"] // 2
for name, beta in {"large steps, leash": SETTINGS["beta"], "large steps, no leash": 0.02}.items():
    loose = dpo_trainer(after_sft(), half, SETTINGS["loose_rate"], beta, eval_steps=half)
    loose.remove_callback(PrinterCallback)
    loose.train()
    results[name] = measure_voice(loose.model.eval(), base.tokenizer, fresh)
    report(name, loose)
print("\nTwo replies off the leash:")
for reply in results[name].replies[:2]:
    print("Answer:", reply)

# %% [markdown]
# The order of the pairs hardly warns you. The replies do. On our machine *helpful* fell from 85 % to 63 % with the larger
# steps, although voice got better, and to 1 % without the leash. The reward was never written down in this section, and it was
# hacked all the same. (One run each: expect other numbers on another machine.)
#
# The two estimates of the distance put the runs in the same order. They do not agree, because 32 replies are few: a token that
# the reference likes far better than the policy is hardly ever drawn, and counts a lot in k3 when it is. Draw more samples
# before you believe the second digit.
#
# So: **a few hundred good pairs, few steps, a rate that you have measured, a leash, and a stop when a measure outside the loss
# stops improving.** Our rate is large and our β is 0.5 because model and adapter are tiny. On a real model start near TRL's own
# defaults, β = 0.1 and a learning rate of 1e-6 (an adapter wants more: lesson 4), and measure. And where you can, let people
# compare replies of *your own* model after SFT, not of an old archive: then the pairs are about what the model really writes.

# %% [markdown]
# ## 6 · Two more, and how to choose
#
# **KTO**, *Kahneman–Tversky optimization* ([arXiv 2402.01306](https://arxiv.org/abs/2402.01306)), needs no pairs. A reply, and
# thumbs up or down: what many chat windows collect. It compares each reply's implicit reward with the typical one. Like the
# people in those two psychologists' experiments, it can weigh losses and gains apart. Pick it when thumbs are what you have:
# they cost less than pairs, and say less each. TRL: `KTOTrainer`.
#
# **ORPO**, *odds ratio preference optimization* ([arXiv 2403.07691](https://arxiv.org/abs/2403.07691)), does SFT and preferences
# in one run. Its loss is SFT's on the chosen reply, plus a term that grows when the rejected one has the better odds. So there
# is no reference: one model in memory, and one stage. And SFT's loss works against the fall that you saw: it pulls the chosen
# replies up. Pick it when you start from a base model, have pairs whose chosen replies are good *in themselves*, and little
# memory. (On our archive it would imitate the imperfect ones.) TRL keeps it under `trl.experimental`.
#
# | method | data | in memory (besides activations) | samples while training | pick it when |
# |---|---|---|---|---|
# | **SFT** | demonstrations | the policy | no | always first; enough when you have good examples |
# | **RLHF, PPO** | demonstrations, pairs, and prompts | policy, reference, reward, value | yes | you have a team for it |
# | **GRPO** | prompts and a verifier | policy (and reference) | yes, groups | a program can check the answer |
# | **DPO** | pairs | policy and reference (one, with an adapter) | no | people can compare, and nobody can write the best |
# | **KTO** | thumbs | policy and reference (one, with an adapter) | no | that is the feedback you collect |
# | **ORPO** | pairs with good chosen replies | the policy | no | one run, little memory |
#
# What data costs is the other half. InstructGPT used about 13,000 demonstrations for SFT, 33,000 prompts with ranked replies for the
# reward model, and 31,000 prompts for PPO ([arXiv 2203.02155, section 3.2](https://arxiv.org/abs/2203.02155)). A demonstration must be
# written, a pair read and compared, a thumb is given in passing, and a verifier is written once.
#
# ### Exercise 6 · Pick the method
#
# Write `pick_method(data)`: what do you train with, given the data that you have?
#
# - **Input:** a string. **Output:** `"demonstrations"` → `"sft"`, `"pairs"` → `"dpo"`, `"thumbs"` → `"kto"`, `"verifier"` →
#   `"grpo"`.
# - Any other string raises a `ValueError`. Spelling and case count: `"Pairs"` is another string.
#
# <details><summary>Hint 1</summary>
#
# A dict from data to method says it all. What does it do with a key that is not there?
# </details>
# <details><summary>Hint 2</summary>
#
# `METHODS[data]` raises a `KeyError`, which is not a `ValueError`: ask `if data not in METHODS` first, and raise your own.
# </details>


# %% pick_method
def pick_method(data):
    """The method for this kind of data; a ValueError for any other."""
    ### BEGIN SOLUTION
    methods = {"demonstrations": "sft", "pairs": "dpo", "thumbs": "kto", "verifier": "grpo"}
    if data not in methods:
        raise ValueError(f"no method for {data!r}; know {', '.join(methods)}")
    return methods[data]
    ### END SOLUTION


# %% test_pick_method points=2
for data, method in {"demonstrations": "sft", "pairs": "dpo", "thumbs": "kto", "verifier": "grpo"}.items():
    assert pick_method(data) == method, f"For {data!r} the method is {method!r}, in lower case."
try:
    pick_method("vibes")
    raised = None
except NotImplementedError:
    raise
except Exception as error:
    raised = error
assert raised is not None, "An unknown kind of data raises a ValueError: do not return a default."
assert isinstance(raised, ValueError), "An unknown kind of data raises a ValueError, not a KeyError or another one."
### BEGIN HIDDEN TESTS
for data in ("", "pair", "Pairs", "PAIRS", "thumb", " verifier", "sft", "dpo", "demonstrations and pairs"):
    try:
        pick_method(data)
        raised = None
    except Exception as error:
        raised = error
    assert raised is not None, (
        f"{data!r} is none of the four kinds: raise a ValueError. Compare the whole string, as it is."
    )
    assert isinstance(raised, ValueError), f"{data!r}: raise a ValueError, not another exception."
### END HIDDEN TESTS

# %% [markdown]
# ## Takeaways
#
# - **SFT imitates.** Its loss is the mean surprise at the reply's tokens, shifted by one, the prompt masked. It copies the
#   mixture that you show it, and gets about as good as its examples.
# - **Judging is easier than writing.** A reward model turns choices into numbers with −log σ(difference), and is a fool
#   wherever it has seen no pairs.
# - **RLHF needs a leash**: reward − β · KL. PPO keeps four models in memory; GRPO drops the critic and compares a group.
# - **Equal rewards do not give advantage 0 by themselves.** Floating point has a say.
# - **DPO is the leash, solved for the reward.** Two models, no sampling; one, with an adapter. Its loss starts at ln 2.
# - **Its chosen replies may become less likely.** Only the difference is in the loss, so look at the replies.
# - **Data decides:** demonstrations → SFT, pairs → DPO, thumbs → KTO, a verifier → GRPO.

# %% tags=["skip-execution"]
print(f"This notebook has been at work for {(time.perf_counter() - started) / 60:.1f} minutes, your reading included.")

# %% [markdown]
# ## Knowledge check
#
# Eight questions; 80 % marks the lesson complete, so seven of them.

# %% tags=["skip-execution"]
# @title Knowledge check
import course

course.knowledge_check(
    "lesson02_methods",
    Question(
        "The tokens of a reply have probabilities 1/2, 1/2 and 1/4. What is its SFT loss?",
        Choice("About 0.92 nats", "Yes: (0.693 + 0.693 + 1.386) / 3.", correct=True),
        Choice("About 2.77 nats", "That is the sum. The loss is the mean over the tokens."),
        Choice("0.42, the mean of the three probabilities", "The loss is the mean of −log p, not of p."),
        Choice("1/16, the probability of the whole reply", "Its −log is the sum of the three; the loss is their mean."),
    ),
    Question(
        "You label 5,000 old replies as demonstrations; a fifth are rude. You train with SFT on all. What do you get?",
        Choice(
            "Polite replies, because the polite majority outweighs the rude ones during training",
            "There is no vote. The loss makes the rude ones as likely as they are in the data.",
        ),
        Choice("A model that is rude about one time in five", "Yes: it imitates the mixture.", correct=True),
        Choice("A model that is rude to rude customers only", "Only if that is when the old replies were rude."),
    ),
    Question(
        "A reward model gives two replies 3.0 and 1.0. What does Bradley–Terry say about the first?",
        Choice("It is three times as good", "Only differences mean anything: 103 and 101 would say the same."),
        Choice("It wins with certainty", "σ(2) is 0.88: likely, not certain."),
        Choice(
            "It is chosen in about 75 % of comparisons", "That is 3 / (3 + 1). The model takes σ of the difference."
        ),
        Choice("It is chosen in about 88 % of comparisons", "Yes: σ(3 − 1) = 0.88.", correct=True),
    ),
    Question(
        "During RLHF the reward climbs for days while people like the replies less and less. What do you change first?",
        Choice(
            "A larger β, or an earlier stop",
            "Yes. The policy has run to where the reward model is wrong. Then collect comparisons of what it writes now.",
            correct=True,
        ),
        Choice("A smaller β", "That lengthens the leash: it would run further."),
        Choice(
            "More steps: people's taste is noisy, and the reward model averages over many of them",
            "The reward model is the one that is being fooled.",
        ),
    ),
    Question(
        "In GRPO all eight answers to a ticket are wrong. What does the policy learn from this ticket?",
        Choice(
            "To avoid all eight answers, since each of them got reward 0",
            "Advantages are relative: equal rewards give 0.",
        ),
        Choice(
            "Nothing",
            "Yes. There is no contrast in the group. Choose tasks that it gets right sometimes.",
            correct=True,
        ),
        Choice(
            "A little, through the 0.0001 in the divisor",
            "That keeps rounding errors small. It does not make a signal.",
        ),
    ),
    Question(
        "On the first evaluation, before any step, your DPO run reports a loss of 0.41. What do you conclude?",
        Choice("The pairs are easy", "Before the first step the margin is 0 for easy pairs, too."),
        Choice("β is below 0.1", "With margin 0, β does not matter."),
        Choice(
            "Policy and reference are not the same model",
            "Yes: then the loss would be ln 2, about 0.693. Find out which reference it uses.",
            correct=True,
        ),
        Choice(
            "SFT had already taught it the preference, so DPO starts ahead",
            "Whatever SFT taught is in the reference as well, and cancels.",
        ),
    ),
    Question(
        "In your DPO run the log-probability of the chosen replies falls. What do you do?",
        Choice(
            "Stop at once: the model is unlearning the good replies",
            "It may be moving to something better, as it did here. You cannot tell from this curve.",
        ),
        Choice("Swap chosen and rejected, which have been mixed up", "Then the margin would fall, too."),
        Choice("Read replies, and measure", "Yes. Something else became likelier. Find out what.", correct=True),
        Choice(
            "Nothing: the margin grows, and that is the goal of the training",
            "The margin grew off the leash as well, and look at those replies.",
        ),
    ),
    Question(
        "You have a unit-test suite for a coding task, no pairs and few demonstrations. Which method?",
        Choice("GRPO", "Yes: the tests are a verifier.", correct=True),
        Choice(
            "KTO, with a thumb up for each solution that some engineer merged",
            "Possible, but it throws away a program that can check any answer at once.",
        ),
        Choice("DPO", "You would have to make pairs first. The tests can pay each answer directly."),
        Choice("PPO with a reward model trained on ratings", "Why guess a reward that you can compute?"),
    ),
    pass_mark=0.8,
)

# %% tags=["skip-execution"]
course.progress()

# %% [markdown]
# ## What comes next
#
# Each method copies its data: SFT the good and the bad, DPO every bias of those who chose. You had clean data today, drawn by a
# program. Real archives have duplicates, wrong labels, customers' addresses, and tickets that are in the test set, too. **Lesson 3**
# makes data that teaches what you mean: the chat template, the mask, the end of the reply, and what each kind of dirt breaks.
