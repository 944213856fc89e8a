# %% [markdown]
# # Lesson 3 · Data that teaches behaviour
#
# **Where lesson 2 left you.** You can choose a method now: demonstrations, preferences or a reward. Each of them
# pulls the model towards its examples. None of them asks whether the examples are *right*. The method is chosen; from
# here on the data decides.
#
# **After this lesson you can**
#
# 1. turn raw records into the messages, the template and the labels that a trainer learns from;
# 2. say which tokens of an example teach, and why the end of an answer must be one of them;
# 3. predict what wrong labels, copies, an unmasked prompt and a missing end each break, and find them in your own data;
# 4. split data so that its score can be trusted.
#
# **Time and hardware.** About 85 minutes of yours. The machine works for two to three of them on two free CPU cores,
# with no GPU (the last cell says how long yours took). On a free T4 the same cells train a larger model; plan 20
# minutes of computing there (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# Juniper has exported several hundred old tickets, with the triage that its staff gave them. Somebody wrote a script
# that turns them into training data. The script runs. The trainer runs. The loss falls. What could be wrong?
#
# Nearly everything, and none of it raises an error:
#
# | in the data | what you see during training |
# |---|---|
# | the model learns to write the customer's half, too | the loss falls |
# | the end of each answer is not learned | the loss falls |
# | a fifth of the labels are wrong | the loss falls |
# | a web form sent the same tickets again and again | the loss falls, and the score on held-back rows is excellent |
#
# You are going to make each of these mistakes on purpose. Same model, same method, same number of steps: only the
# data differs. Each of them breaks something else, and some break less than you think.
#
# Here is what the model does with a ticket today, before any training. The contact form adds the order number. Answers are
# drawn (temperature 1) unless a cell says otherwise, and 200 tickets leave an error of two to three points.

# %% tags=["skip-execution"]
import time

from course.data import draw_tickets, triage_messages
from course.dirty import with_orders
from course.evaluation import measure_triage
from course.models import generate, load_base

started = time.perf_counter()
base = load_base(tier, four_bit=tier.gpu_gb > 8)
tickets = with_orders(draw_tickets(640, seed=31), seed=31)  # to learn from
fresh = with_orders(draw_tickets(200, seed=32), seed=32)  # to be measured on: no run ever sees them

print("Ticket: ", tickets[0]["text"])
print("Wanted: ", {field: tickets[0][field] for field in ("intent", "priority", "product")}, "\n")
for answer in generate(base.model, base.tokenizer, [triage_messages(tickets[0]["text"])] * 3):
    print("Answer: ", " ".join(answer.split()))
before = measure_triage(base.model, base.tokenizer, fresh)
print(f"\nOf 200 fresh tickets: {before.valid:.0%} valid JSON, {before.correct:.0%} with all three fields right.")

# %% [markdown]
# ## 1 · From a record to a text: roles and templates
#
# A record in a database has columns. A language model reads one row of tokens. In between stand two agreements.
#
# The first agreement is **messages**: a list of dicts, each with a `role` and a `content`. The *user* asks. The
# *assistant* answers. (A *system* message may come first; this job needs none.) Every library of the field
# understands this form:
#
# ```text
# [{"role": "user",      "content": "The zipper of my Lynx tent is stuck. Order 48213."},
#  {"role": "assistant", "content": "{\"intent\": \"defect\", \"priority\": \"normal\", \"product\": \"Lynx tent\"}"}]
# ```
#
# The answer is *text*. It happens to be JSON, but for the model it is a string like any other.
#
# ### Exercise 1 · From a ticket to messages
#
# Write `to_messages(ticket)`.
#
# - **Input:** `ticket`, a dict with the string values `text`, `intent`, `priority` and `product`.
# - **Output:** a list of two dicts, each with exactly the keys `role` and `content`. First the user's message: the
#   text, *unchanged*. Then the assistant's: a JSON object, as a string, with the keys intent, priority and product
#   **in that order**.
#
# Spaces inside the JSON are up to you: it is compared after parsing.
#
# <details><summary>Hint 1</summary>
#
# `json.dumps` turns a dict into JSON text and keeps the order of its keys.
# </details>
# <details><summary>Hint 2</summary>
#
# Do not build JSON with an f-string. A product called `Lynx 12" pot` contains a quotation mark.
# </details>
# <details><summary>Hint 3</summary>
#
# `labels = {field: ticket[field] for field in ("intent", "priority", "product")}`, then two dicts in a list.
# </details>


# %% to_messages
import json


def to_messages(ticket):
    """The conversation that a labelled ticket teaches: what the customer wrote, then the triage as JSON."""
    ### BEGIN SOLUTION
    labels = {field: ticket[field] for field in ("intent", "priority", "product")}
    return [
        {"role": "user", "content": ticket["text"]},
        {"role": "assistant", "content": json.dumps(labels)},
    ]
    ### END SOLUTION


# %% test_to_messages points=2
import json

ticket = {"text": "  Hi.\nMy Lynx tent leaks! ", "intent": "defect", "priority": "high", "product": "Lynx tent"}
untouched = dict(ticket)
found = to_messages(ticket)
assert isinstance(found, list) and len(found) == 2, "Return a list of two messages: the user's, then the assistant's."
assert all(isinstance(message, dict) for message in found), "Each message is a dict."
assert [sorted(message) for message in found] == [["content", "role"]] * 2, (
    "Each message has exactly the keys role and content."
)
assert [message["role"] for message in found] == ["user", "assistant"], (
    "The roles are 'user' and then 'assistant', in lower case."
)
assert found[0]["content"] == ticket["text"], (
    "The user's text stays unchanged: no strip, no lower case, nothing before or after it."
)
assert isinstance(found[1]["content"], str), "The assistant's content is a string: json.dumps turns the dict into one."
try:
    pairs = json.loads(found[1]["content"], object_pairs_hook=list)
except ValueError as error:
    raise AssertionError(
        "The assistant's content is not JSON. str(dict) gives single quotes; use json.dumps."
    ) from error
assert dict(pairs) == {"intent": "defect", "priority": "high", "product": "Lynx tent"}, (
    "The JSON has exactly the keys intent, priority and product, with this ticket's labels. The text is not among them."
)
assert [key for key, _ in pairs] == ["intent", "priority", "product"], (
    "The keys come in the order intent, priority, product: a model learns one order best."
)
assert ticket == untouched, "Leave the ticket as it is: it belongs to the caller."
### BEGIN HIDDEN TESTS
for product in ('Lynx 12" pot', "Fjord\\Dune kayak", "Orca é — größer", "a\nb", "{}", "%s {p}"):
    ticket = {"product": product, "priority": "low", "intent": "advice", "text": f"Is the {product} good?"}
    found = to_messages(ticket)
    assert found[0]["content"] == ticket["text"], f"The text must stay as it is, also for {ticket['text']!r}."
    try:
        pairs = json.loads(found[1]["content"], object_pairs_hook=list)
    except ValueError as error:
        raise AssertionError(
            f"A product such as {product!r} breaks your JSON: let json.dumps do the quoting."
        ) from error
    assert pairs == [("intent", "advice"), ("priority", "low"), ("product", product)], (
        f"Product {product!r}, keys of the ticket in another order: intent, priority, product came out wrong."
    )
### END HIDDEN TESTS

# %% [markdown]
# ### The chat template
#
# The second agreement turns messages into one string. Each model family has its own, the **chat template**. For
# Qwen-style models, and ours is one, it takes four lines of Python to write it by hand:


# %% tags=["skip-execution"]
def by_hand(messages, ask=False):
    """The chat template of Qwen-style models: each message between two marks, and an open turn to ask for an answer."""
    turns = [f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages]
    return "".join(turns) + "<|im_start|>assistant\n" * ask


try:
    messages = to_messages(tickets[0])
except NotImplementedError:
    print("Solve exercise 1, and your messages go in here.")
    messages = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
text = base.tokenizer.apply_chat_template(messages, tokenize=False)
print(text)
if text == by_hand(messages):
    print("By hand, it is the same text.")
else:
    print("This model's template adds something to ours; compare:\n", by_hand(messages))

# %% [markdown]
# `<|im_start|>` and `<|im_end|>` are **special tokens**: each is one single token, kept for this purpose. They are the
# only way in which the model can tell who speaks. So search your texts for them: by default a tokenizer turns a typed
# `<|im_end|>` into the real mark, and a customer who types it ends his own turn. (Some templates add a system message of their own. That is
# why you never write a template by hand in earnest: the tokenizer knows its own, and `apply_chat_template` applies
# it.)
#
# To **ask** for an answer you end the text with an open assistant turn (`add_generation_prompt=True`). The model does
# the only thing it can: it continues.

# %% tags=["skip-execution"]
# @title Quick check
from course import Choice, Question, quick_check

quick_check(
    "You train with the chat template. In production a colleague sends the bare ticket, without any template. What happens?",
    Choice(
        "Nothing changes, since the words of the ticket are the same",
        "The words are, the tokens around them are not. What was learned was learned after `<|im_start|>assistant`.",
    ),
    Choice(
        "The tokenizer reports an error", "It never does. Any text can be tokenized, which is why this fault is silent."
    ),
    Choice(
        "The model meets a text that it was never trained on, and may continue it in any way",
        "Yes. It may go on writing the customer's letter. Train and serve with the same template.",
        correct=True,
    ),
    Choice(
        "It answers as before, but the server has to work longer to find the roles that are missing in this text",
        "There is nothing that could find them. The roles were in the template.",
    ),
)

# %% [markdown]
# ## 2 · Which tokens teach?
#
# A training example is a row of tokens. At each place the model predicts the next token, and the *loss* is its
# surprise at the one that really comes: −log p, where p is the probability that it gave to that token. (Lesson 2
# derives it.)
#
# But do you want it to learn *all* of them? The customer's half is not its job.
#
# So each token has a **label**. Mostly the label is the token itself: learn this one. Or the label is **−100**: read
# this one, but do not learn it. (−100 is simply the number that PyTorch's cross-entropy skips.) On paper:
#
# ```text
# place      0        1      2       3          4         5
# token    <user>   tent   leaks   <assistant>  defect   <end>
# label     −100    −100   −100     −100        defect   <end>
# surprise   ·       ·      ·        ·           0.7      0.1      loss = (0.7 + 0.1) / 2 = 0.4
# ```
#
# With C for the places whose label is not −100, the loss is the mean over these places alone:
#
# > L = − 1/|C| · Σ over t in C of log p(token t | all tokens before t)
#
# The customer's words are still *read*: they stand in "all tokens before t". They are just not asked for.
#
# In TRL this is called **completion-only loss**. Give it rows with a `prompt` and a `completion`, and it is on. Give it
# one column `messages`, the form of exercise 1, and it is **off**: TRL then learns every token, unless you set
# `assistant_only_loss=True`. That is how most people come to train on their prompts.

# %%
import torch

logits = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])  # three places, a vocabulary of two tokens
labels = torch.tensor([-100, 0, 1])
log_p = logits.log_softmax(-1)
print("by hand: ", -(log_p[1, 0] + log_p[2, 1]).item() / 2)
print("PyTorch: ", torch.nn.functional.cross_entropy(logits, labels).item())

# %% [markdown]
# ### Exercise 2 · Mask the prompt
#
# Write `mask_prompt(input_ids, prompt_length)`.
#
# - **Input:** `input_ids`, a list of ints: the tokens of the prompt and then those of the completion, whose last one
#   is the end token. `prompt_length`, an int from 0 to `len(input_ids)`: how many of them belong to the prompt.
# - **Output:** a list of ints of the same length, the labels: −100 on the prompt, and after it the ids unchanged,
#   **the last one (the end token) included**.
#
# You do not shift anything: place t holds the label *of* token t, and the model does the shifting (lesson 2).
#
# <details><summary>Hint 1</summary>
#
# Two lists, one after the other: `[-100] * n`, and a slice.
# </details>
# <details><summary>Hint 2</summary>
#
# `input_ids[prompt_length:]` goes to the very end. `[prompt_length:-1]` would lose the end token.
# </details>


# %% mask_prompt
def mask_prompt(input_ids, prompt_length):
    """The labels of an example: −100 on the prompt, the ids themselves after it."""
    ### BEGIN SOLUTION
    return [-100] * prompt_length + input_ids[prompt_length:]
    ### END SOLUTION


# %% test_mask_prompt points=2
ids = [11, 12, 13, 21, 22, 2]
found = mask_prompt(ids, 3)
assert ids == [11, 12, 13, 21, 22, 2], (
    "Leave input_ids as it is: the model still has to read the prompt. Make a new list."
)
assert isinstance(found, list), "Return a list of ints."
assert len(found) == 6, "One label for each token: 6 tokens, 6 labels. Nothing is cut off and nothing is shifted."
assert found[:3] == [-100] * 3, "The 3 tokens of the prompt get the label -100."
assert found[-1] == 2, (
    "The last token is the end token. It keeps its label: without it the model is never taught to stop."
)
assert found == [-100, -100, -100, 21, 22, 2], "After the prompt each label is the token itself."
### BEGIN HIDDEN TESTS
import random

assert mask_prompt([5, 6, 2], 0) == [5, 6, 2], "A prompt of length 0: every token is learned."
assert mask_prompt([5, 6, 2], 3) == [-100, -100, -100], "All of it is prompt: nothing is learned."
assert mask_prompt([7, 2, 2, 7, 0, 2, 2], 2) == [-100, -100, 2, 7, 0, 2, 2], (
    "Tokens are masked by their place, never by their value: the end token and token 0 may stand anywhere."
)
draw = random.Random(3)
for _ in range(30):
    ids = [draw.randrange(50) for _ in range(draw.randint(1, 40))]
    length, copy = draw.randint(0, len(ids)), list(ids)
    found = mask_prompt(ids, length)
    wanted = [-100 if place < length else token for place, token in enumerate(ids)]
    assert found == wanted, f"{len(ids)} tokens, {length} of them prompt: the labels came out wrong."
    assert ids == copy, "Leave input_ids as it is."
    assert all(type(label) is int for label in found), "Labels are ints."
### END HIDDEN TESTS

# %% [markdown]
# ### The library does the same
#
# Let TRL's trainer prepare one ticket, and compare its labels with yours. `prompt_completion` is the course's helper:
# it puts your first message under `prompt` and the second under `completion`.

# %% tags=["skip-execution"]
import tempfile
from pathlib import Path

from datasets import Dataset
from trl import SFTTrainer

from course.data import prompt_completion
from course.training import sft_config

folder = Path(tempfile.mkdtemp(prefix="lesson03-"))
row = prompt_completion(tickets[0])
trainer = SFTTrainer(
    model=load_base("bundled").model,  # any model will do: only the data is prepared, nothing is trained
    processing_class=base.tokenizer,
    train_dataset=Dataset.from_list([row]),
    args=sft_config(folder, steps=1),
)
prepared = trainer.train_dataset[0]
length = len(base.tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False))
try:
    same = prepared["labels"] == mask_prompt(prepared["input_ids"], length)
    print("TRL's labels and yours are the same:", same)
except NotImplementedError:
    print("Solve exercise 2, then run this cell again.")
learned = sum(label != -100 for label in prepared["labels"])
print(f"{learned} of {len(prepared['labels'])} tokens are learned; the last ones are",
      repr(base.tokenizer.decode(prepared["input_ids"][-2:])))  # fmt: skip
del trainer

# %% [markdown]
# (After the end token stands a line break, which the template puts between two turns. TRL learns it as well. It does
# no harm: nobody asks for anything after the end.)
#
# (Conversations of several turns have several answers. There TRL's `assistant_only_loss=True` does the same for each
# turn of the assistant, for model families whose template TRL knows.)
#
# Now look at whole examples. (`max_length` cuts off what is longer.) Find settings in which nothing teaches the model to stop. There are two different ways.

# %% tags=["skip-execution"]
from course.explorers.label import explore_labels

explore_labels(base.tokenizer, tickets[:3])

# %% [markdown]
# ### Measure it: learn from everything
#
# What does it cost the bundled model to leave the prompt unmasked? First commit yourself.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Same tickets, same steps, but the labels cover all tokens, the customer's half included. What will the bundled model become?",
    Choice(
        "A better model: it also learns to understand customers",
        "It is asked to *write* customers, which is another job than to understand them. Run the next cells.",
    ),
    Choice(
        "About the same",
        "So it may be on a large model. On this one the answers are all in there, and drown. Run the next cells.",
    ),
    Choice("A much worse model", "Run the next cells, and look at where the loss went.", correct=True),
    Choice(
        "The same model in the end, but the training takes about twice as many seconds for every step that it makes",
        "The computing is the same: the model reads all tokens in either case.",
    ),
)

# %% [markdown]
# This is `fit`, which every experiment of this lesson uses: a fresh base, a fresh LoRA adapter (lesson 4), some rows,
# a fixed number of steps. `example` gives the ids and labels that you have just computed by hand; it can also be told
# to make mistakes.

# %% tags=["skip-execution"]
import gc

from transformers import set_seed

from course.labels import example
from course.training import train_adapter

SETTINGS = {  # by tier: the length of a run, and what fits the machine
    "bundled": dict(steps=40, learning_rate=2e-3),
    "t4": dict(steps=40, learning_rate=2e-4, per_device_train_batch_size=4, gradient_accumulation_steps=4),
    "t4-large": dict(steps=40, learning_rate=2e-4, per_device_train_batch_size=2, gradient_accumulation_steps=8),
}[tier.name]


def fit(name, rows):
    """Train a fresh adapter on these rows, 640 of them in 40 steps of 16; return its model."""
    gc.collect(), torch.cuda.empty_cache()  # the run before this one is over: give back its memory
    set_seed(0)
    copy = load_base(tier, four_bit=tier.gpu_gb > 8)
    run = train_adapter(copy, Dataset.from_list(rows), folder, **SETTINGS)
    losses = [entry["loss"] for entry in run.history if "loss" in entry]
    print(f"{name:<28} loss {losses[0]:.2f} → {losses[-1]:.3f}   {run.seconds:.0f} s")
    return run.model


def examples(tickets, **mistakes):
    """The tickets as ids and labels."""
    return [example(base.tokenizer, prompt_completion(ticket), **mistakes) for ticket in tickets]


clean = fit("clean", examples(tickets))
unmasked = fit("prompt unmasked", examples(tickets, learn_prompt=True))
scores = {name: measure_triage(model, base.tokenizer, fresh) for name, model in
          (("clean", clean), ("unmasked", unmasked))}  # fmt: skip
for name, score in scores.items():
    print(f"{name:<10} {score.valid:.0%} valid, {score.correct:.0%} with all three fields right")

# %% [markdown]
# The same tickets, the same steps. Both losses fell.
#
# Where did the learning go? Compare how surprised each model is, token by token, at five parts of a fresh example: the
# template's marks, the customer's words, the form's line (`Order` and its full stop), the digits in it, and the answer.

# %% tags=["skip-execution"]
from course.surprises import surprise_by_part

for name, model in (("base", base.model), ("clean", clean), ("prompt unmasked", unmasked)):
    found = surprise_by_part(model, base.tokenizer, fresh[:30])
    whole = sum(total for _, total in found.values())
    print(name)
    for part, (mean, total) in found.items():
        print(f"    {part:<12} {mean:>7.3f} nats per token   {total / whole:>4.0%} of all surprise")
print(f"\nThe best that anyone can do on a random digit is ln 10 = {torch.log(torch.tensor(10.0)):.2f} nats.")

# %% [markdown]
# There it went. The loss is a mean over labels, and the answers' share of all surprise is tiny. Most of the push goes
# into the form's line, a few tokens that are the same on every ticket and that the base has never met there, and into
# its digits, which nobody can guess. The answers get what is left over.
#
# The loss curve suffers as well. It settles far above zero, because neither customers' sentences nor random digits can
# be guessed. You could not tell a good run from a bad one by looking at it.
#
# Is it always that bad? Try the same mistake on the same tickets *without* the form's line: pure tickets, a kind of
# text that the bundled base has read thousands of times.

# %% tags=["skip-execution"]
plain, plain_fresh = draw_tickets(640, seed=31), draw_tickets(200, seed=32)
for name, everything in (("masked, no order number", False), ("unmasked, no order number", True)):
    familiar = fit(name, examples(plain, learn_prompt=everything))
    score = measure_triage(familiar, base.tokenizer, plain_fresh)
    print(f"{score.valid:.0%} valid, {score.correct:.0%} with all three fields right")
del familiar, unmasked

# %% [markdown]
# The same mistake, and this time it costs some points, where it had cost most of them. Where the prompts hold little
# that is new, little of the push goes there. In these runs, then, what decided was *how surprising the prompts are*:
# one short line that the base had never seen was enough.
#
# Enough to spoil *40 steps*. With three times the steps the answers are learned, too: late, not never. And 16 nats per
# token come from a tiny base that never met the word "Order" at that place. A large model has seen such lines; expect a
# smaller effect there.
#
# **The counter-evidence.** Prompts may even be worth learning. *Instruction Tuning With Loss Over Instructions* ([Shi
# et al. 2024](https://arxiv.org/abs/2405.14394)) trained on the prompts *as well*, and improved many benchmarks by
# it. They name the conditions: long instructions with short outputs, **or** few examples. There a model that learns the
# answers alone soon knows them by heart. Neither is ours: a ticket is hardly longer than its answer, and it ends in an
# order number. A later study found a low to moderate weight on the prompt's tokens best, beside a moderate to high one
# on the answer's ([2507.07817](https://arxiv.org/abs/2507.07817)).
#
# So: completion-only is the sane default (and TRL's, for prompt and completion). If you have few examples, or long
# prompts with short answers, measure the other.

# %% [markdown]
# ## 3 · The end is a token, too
#
# How does a model stop? It does not. Generation stops when the model *produces* a certain token, the
# **end-of-sequence token** or EOS. For us it is `<|im_end|>`. It is predicted like any other token. So it is
# *learned* like any other token, if it has a label.
#
# It loses its label more easily than you think. Sequences in a batch must be equally long, so the shorter ones are
# filled up with a **pad token**. Padding must not be learned. So many scripts give the label −100 to every token that
# *equals* the pad token. And many tokenizers have no pad token, so many scripts say `tokenizer.pad_token =
# tokenizer.eos_token`:
#
# ```text
#                      answer          end     filling
# tokens      defect , high , tent    <eos>   <eos>  <eos>
# labels      defect , high , tent    −100    −100   −100      by value: the end is lost
# labels      defect , high , tent    <eos>   −100   −100      by place: right
# ```
#
# Watch it happen. A *collator* is the function that makes one batch of several rows. transformers' own for language
# models masks by value. TRL's masks by place.

# %% tags=["skip-execution"]
import copy

from transformers import DataCollatorForLanguageModeling as ByValue
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling as ByPlace

end = base.tokenizer.eos_token_id
careless = copy.deepcopy(base.tokenizer)
careless.pad_token = careless.eos_token  # the line from many tutorials
rows = [{"input_ids": [7, 8, 9, end]}, {"input_ids": [7, end]}]
print("the end token is", end)
print("transformers, pad = EOS:", ByValue(careless, mlm=False)(rows)["labels"].tolist())
print("transformers, own pad:  ", ByValue(base.tokenizer, mlm=False)(rows)["labels"].tolist())
print("TRL, pad = EOS:         ", ByPlace(pad_token_id=end)(rows)["labels"].tolist())

# %% [markdown]
# In the first line no end is left. The third line is safe, so pad = EOS does no harm as long as *everything* masks by
# place. (TRL does, and itself falls back on EOS where there is no pad token.) Do not depend on it: `load_base` of this
# course never lets pad equal EOS.
#
# Now the experiment. All tickets are right, the prompt is masked, and the label of the end token is −100 in *every*
# example. Two models learn from such rows. One learns JSON, which the bundled base has often seen and ended. The other
# learns a new format, three fields with commas between, `defect, high, Lynx tent`, which the base has never had to end.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Both learned 640 times how an answer goes on, and never that it ends. What will they do with a fresh ticket?",
    Choice(
        "Stop in both formats, as the base always did",
        "It did so after JSON. Where should a habit of stopping after the third field come from? Run the next cell.",
    ),
    Choice(
        "Go on and on in both formats",
        "Nothing taught them to stop, but nothing un-taught it, either. Run the next cell.",
    ),
    Choice(
        "Stop in JSON alone",
        "Yes. No label means no pressure: old habits stay, and new ones are not formed. Run the next cell.",
        correct=True,
    ),
    Choice(
        "Stop too early in both, since no label there tells them how long an answer should become",
        "Nothing pushes them to stop early, either: there is no label at all.",
    ),
)

# %% tags=["skip-execution"]
LIMIT = 48  # tokens: here the course cuts an answer off


def with_commas(ticket):
    """The same job with an answer in another format: three fields on one line."""
    answer = f"{ticket['intent']}, {ticket['priority']}, {ticket['product']}"
    return {"prompt": triage_messages(ticket["text"]), "completion": [{"role": "assistant", "content": answer}]}


def endings(model, rows):
    """Print how 100 answers end; return the percentage that are the wanted answer and nothing more."""
    answers = generate(model, base.tokenizer, [row["prompt"] for row in rows], max_new_tokens=LIMIT)
    wanted = [row["completion"][0]["content"] for row in rows]
    begin = sum(answer.startswith(text) for answer, text in zip(answers, wanted, strict=True))
    exact = sum(answer == text for answer, text in zip(answers, wanted, strict=True))
    counts = [len(ids) for ids in base.tokenizer(answers, add_special_tokens=False)["input_ids"]]
    cut = sum(count > LIMIT - 3 for count in counts)  # a cut answer may lose a token or two when it is read again
    print(f"    of {len(rows)} answers {begin} begin with the wanted one, {exact} end there; {cut} were cut off; "
          f"{sum(counts) / len(counts):.0f} tokens on average\n    wanted: {wanted[0]}\n    answer: {answers[0]}")  # fmt: skip
    return 100 * exact / len(rows)


json_rows, comma_rows = (
    [prompt_completion(ticket) for ticket in fresh[:100]],
    [with_commas(ticket) for ticket in fresh[:100]],
)
commas = [with_commas(ticket) for ticket in tickets]
ends = {}
print("JSON")
endings(clean, json_rows)
model = fit("JSON, end masked", examples(tickets, learn_end=False))
endings(model, json_rows)
model = fit("commas", [example(base.tokenizer, row) for row in commas])
ends["clean"] = endings(model, comma_rows)
model = fit("commas, end masked", [example(base.tokenizer, row, learn_end=False) for row in commas])
ends["masked"] = endings(model, comma_rows)
del model

# %% [markdown]
# Compare the two models with a masked end.
#
# Masking the end of JSON changed nothing on the bundled model. Its pre-training had taught it that an answer is over
# after `"}`, and training without a label does not *un*-teach. In the new format there was no such habit. Most answers
# begin with the wanted fields, and none of them ends there. Half run on until they are cut off; the others wander off
# and stop somewhere.
#
# (A larger model that was trained to answer people, an *instruct model*, has ended so many kinds of answers that it may
# stop in both formats. Look at your own lines. *Base* models, which have never ended a turn, and templates with a new
# end token are where this is likely.)
#
# That makes this fault a nasty one. It is silent in training: the loss looks healthy. It may be silent in your first
# test. It shows in production, on the answers nobody tried. (With `assistant_only_loss` TRL warns about templates that
# leave the end out, for just this reason.)
#
# **Check it yourself**, every time: decode the tokens that have a label, and look whether the end token is the last
# word.

# %% tags=["skip-execution"]
row = example(base.tokenizer, commas[0])
print(repr(base.tokenizer.decode([label for label in row["labels"] if label != -100])))

# %% [markdown]
# ## 4 · Wrong labels
#
# People label tickets, and people err. Suppose that **a fifth of the intents are wrong**, each replaced by one of the
# five others, at random. How good can the model get?

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "20 % of the intents it learns from are wrong, at random. It always answers with its likeliest token. How often is its intent right?",
    Choice(
        "About 60 %: errors breed errors", "They would have to agree with each other to do that. Run the next cell."
    ),
    Choice(
        "About 80 %, since it cannot be better than what it is taught",
        "It can: the wrong labels disagree with each other, and the right ones agree. Run the next cell.",
    ),
    Choice("Over 90 %", "Run the next cell. And look at the second bar, too.", correct=True),
)

# %% tags=["skip-execution"]
from course.dirty import mislabelled

noisy = mislabelled(tickets, share=0.2, seed=33)
wrong = sum(one["intent"] != other["intent"] for one, other in zip(noisy, tickets, strict=True))
print(f"{wrong} of {len(tickets)} intents are wrong ({wrong / len(tickets):.0%})")
one_sided = [
    dict(ticket, intent="refund" if ticket["intent"] == "exchange" else ticket["intent"]) for ticket in tickets
]
wrong = sum(one["intent"] != other["intent"] for one, other in zip(one_sided, tickets, strict=True))
print(f"{wrong} of {len(tickets)} intents are wrong ({wrong / len(tickets):.0%}): every exchange is called a refund\n")

models = {"right labels": clean, "20 % wrong, at random": fit("20 % wrong, at random", examples(noisy)),
          "exchange called refund": fit("exchange called refund", examples(one_sided))}  # fmt: skip
intents = {name: [100 * measure_triage(model, base.tokenizer, fresh, temperature=heat).intent for heat in (0, 1)]
           for name, model in models.items()}  # fmt: skip
del models

# %% tags=["skip-execution"]
from course.pictures.data import draw_faults, draw_intents, draw_similarities
from course.figures import show

_ = show(*draw_intents(intents))

# %% [markdown]
# The same data, and two verdicts. Asked for its likeliest answer, the model trained on random errors is about as good
# as the clean one. Asked to draw, it errs about as often as its teachers did.
#
# Both follow from the loss. Take five tickets that look alike, four labelled *refund* and one *billing*. The model
# gives *refund* some probability p, and *billing* the rest, 1 − p. Its loss is smallest where?

# %%
import math

for p in (0.5, 0.6, 0.7, 0.8, 0.9, 0.99):
    print(f"p = {p:.2f}   loss = {-(4 * math.log(p) + math.log(1 - p)) / 5:.3f}")

# %% [markdown]
# At 0.8: the loss is smallest when the model *repeats the frequencies of its data*. So it learns the noise
# faithfully, as a probability. Draw from it, and you draw the noise. Take the likeliest, and the majority wins, which
# is right as long as the wrong labels do not agree on anything. ([Rolnick et al.
# 2017](https://arxiv.org/abs/1705.10694) push this much further.)
#
# One-sided errors add up. Here *every* exchange is called a refund, so among exchanges the wrong label *is* the
# majority. No temperature helps, nor does more data of the same kind. (Had one of five colleagues done it, on a fifth of
# the exchanges, the right label would still win at temperature 0. You do not know which case you have until you
# compare.) This kind of error comes from a misunderstood rule, and it is the kind to hunt: let two people, with the
# rule before them, label the same 50 tickets, and look at where they disagree.
#
# ### Quality or quantity?
#
# LIMA fine-tuned a 65B model on 1,000 carefully chosen examples, and its answers were as good as or better than
# GPT-4's in 43 % of cases ([Zhou et al. 2023](https://arxiv.org/abs/2305.11206)). AlpaGasus kept 9,000 of Alpaca's
# 52,000 examples, those that a strong model graded best, and beat the model trained on all of them ([Chen et al.
# 2023](https://arxiv.org/abs/2307.08701)).
#
# Read it with care. These papers teach *style and format* to models that know the rest already, and so do you. Where
# there is knowledge or skill to be learned, quantity usually keeps paying (LoRA's limits in lesson 4 are about that). And
# "quality" is not polish: it is labels that are right, a format that never varies, and every kind of case that you
# will meet.

# %% [markdown]
# ## 5 · Copies
#
# Juniper's web form sends a message again when the connection is slow, and customers add a word before they press the
# button once more. So the export that you are given holds the same few messages again and again, with small
# differences.

# %% tags=["skip-execution"]
from course.dirty import resent

copies = resent(tickets[:8], count=840, seed=34)  # 8 customers, 840 rows
for customer in ("C0", "C1"):
    for row in [row for row in copies if row["customer"] == customer][:3]:
        print(customer, "|", row["text"])
print(f"{len(copies)} rows, {len({row['text'] for row in copies})} different texts, 8 different messages")

# %% [markdown]
# How would you find them? With `==` you find the exact copies, and many texts are left for each message. You need a
# measure of *how alike* two texts are.
#
# Here is one that you can compute on paper. Cut each text into all runs of three words, its **3-grams**, as a *set*.
# Then divide the number of shared ones by the number of all. That is the **Jaccard similarity**:
#
# > J(A, B) = |A ∩ B| / |A ∪ B|
#
# ```text
# where is my lynx tent            → { where is my,  is my lynx,  my lynx tent }
# where is my lynx tent please     → { where is my,  is my lynx,  my lynx tent,  lynx tent please }
#
# shared: 3      all: 4      J = 3/4 = 0.75
# ```


# %% tags=["skip-execution"]
def three_grams(text):
    """The set of all runs of three words."""
    words = text.lower().split()
    return {tuple(words[start : start + 3]) for start in range(len(words) - 2)}


A, B = three_grams("Where is my Lynx tent"), three_grams("where is my lynx tent please")
print(len(A & B), "shared,", len(A | B), "in all, J =", len(A & B) / len(A | B))

# %% [markdown]
# A text of fewer than three words has no 3-gram at all, and 0/0 says nothing. Yet two customers who write "Thanks"
# wrote the same. So here **a text under three words counts as one gram**: all of it.
#
# ### Exercise 3 · Find near-duplicates
#
# Write `near_duplicates(texts, threshold=0.8)`.
#
# - **Input:** `texts`, a list of non-empty strings, and `threshold`, a float above 0 and up to 1.
# - **Output:** a list of ints in increasing order: the indices to **drop**. Go from the first text to the last. A
#   text is dropped when its Jaccard similarity with an earlier text *that was kept* is at least `threshold`.
# - Words are lower-cased and split on whitespace; grams are runs of three words, as a set; a text under three words
#   is one gram.
#
# <details><summary>Hint 1</summary>
#
# Keep a list of the gram sets that you kept. A dropped text does not go in there.
# </details>
# <details><summary>Hint 2</summary>
#
# `words[i:i+3]` for `i` in `range(max(1, len(words) - 2))` gives all 3-grams, and for a short text one shorter gram.
# Make tuples of them: a set cannot hold lists.
# </details>
# <details><summary>Hint 3</summary>
#
# `any(len(grams & other) / len(grams | other) >= threshold for other in kept)`.
# </details>


# %% near_duplicates
def near_duplicates(texts, threshold=0.8):
    """Indices of texts that are nearly the same as an earlier text that stays."""
    ### BEGIN SOLUTION
    kept, dropped = [], []
    for index, text in enumerate(texts):
        words = text.lower().split()
        grams = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if any(len(grams & other) / len(grams | other) >= threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped
    ### END SOLUTION


# %% test_near_duplicates points=3
tent, please = "where is my lynx tent", "Where is my  LYNX tent please"
found = near_duplicates([tent, "how do I clean the Orca kayak", tent])
assert isinstance(found, list), "Return a list of indices."
assert found == [2], "The third text is the first once more: return its index, [2]. The first one stays."
assert near_duplicates([tent, please], 0.7) == [1], (
    "3 shared of 4 grams in all is 0.75, and that is at least 0.7. Lower-case the words, and split on any whitespace."
)
assert near_duplicates([tent, please]) == [], "0.75 is below the default threshold of 0.8: both stay."
assert near_duplicates([tent, please], 0.75) == [1], "0.75 is *at least* 0.75: compare with >=."
assert near_duplicates(["Thanks", "thanks", "Thank you", "thank you"]) == [1, 3], (
    "A text under three words is one gram, all of it: 'Thanks' and 'thanks' are the same, 'Thank you' is another."
)
assert near_duplicates(["a b c d", "b c d e", "c d e f"], 0.3) == [1], (
    "The third text resembles only the second, and that one was dropped: compare with texts that were kept."
)
### BEGIN HIDDEN TESTS
import random

assert near_duplicates([]) == [], "No texts, nothing to drop."
assert near_duplicates(["a b c d e", "c d e", "e d c b a"], 0.2) == [1], (
    "Grams keep the order of their words: 'a b c d e' and 'e d c b a' share none."
)
assert near_duplicates(["a b a b a b a b", "a b a b"], 1.0) == [1], (
    "Grams are a set: how often one occurs does not count. Both texts have just 'a b a' and 'b a b'."
)
assert near_duplicates(["a b c d e f g h", "a b c"], 0.5) == [], (
    "A part of a long text is no duplicate of it: divide by all grams of both texts, not by those of the shorter one."
)
assert near_duplicates(["a b", "a b c"], 0.1) == [], "'a b' is one gram, and it is not a gram of 'a b c'."
assert near_duplicates(["My tent. It leaks", "my tent it leaks"], 0.9) == [], (
    "Only lower-case and split: a full stop stays a part of its word."
)


def similarity(one, other):
    one, other = one.lower().split(), other.lower().split()
    one = {" ".join(one[i : i + 3]) for i in range(len(one) - 2)} or {" ".join(one)}
    other = {" ".join(other[i : i + 3]) for i in range(len(other) - 2)} or {" ".join(other)}
    return len(one & other) / len(one | other)


draw = random.Random(33)
for _ in range(25):
    texts = [
        " ".join(draw.choice(["tent", "Tent", "boots", "is"]) for _ in range(draw.randint(1, 7))) for _ in range(12)
    ]
    copy, threshold, kept, wanted = list(texts), draw.choice([0.26, 0.51, 0.76, 0.99]), [], []
    for index, text in enumerate(texts):
        if any(similarity(text, other) >= threshold for other in kept):
            wanted.append(index)
        else:
            kept.append(text)
    assert near_duplicates(texts, threshold) == wanted, (
        f"{texts} at {threshold}: drop {wanted}. Compare each text with the *kept* ones before it."
    )
    assert texts == copy, "Leave the list of texts as it is."
### END HIDDEN TESTS

# %% [markdown]
# ### Where to put the threshold?
#
# Measure it on texts that you know. For each ticket of the clean set, and for each ticket of the export, find the
# most similar ticket before it.


# %% tags=["skip-execution"]
def closest(texts):
    """The largest similarity of each text with any earlier one."""
    grams = [three_grams(text) for text in texts]
    return [max(len(one & other) / max(1, len(one | other)) for other in grams[:place])
            for place, one in enumerate(grams) if place]  # fmt: skip


apart = closest([ticket["text"] for ticket in tickets[:300]])
near = closest([row["text"] for row in copies[:300]])
_ = show(*draw_similarities(apart, near, threshold=0.8))
try:
    dropped = near_duplicates([row["text"] for row in copies])
    print(f"Your function drops {len(dropped)} of {len(copies)} rows of the export and keeps {len(copies) - len(dropped)}; "
          f"of the {len(tickets)} clean tickets it drops {len(near_duplicates([ticket['text'] for ticket in tickets]))}.")  # fmt: skip
except NotImplementedError:
    print("Solve exercise 3, then run this cell again.")

# %% [markdown]
# The few export rows on the left are no misses: each is the first message of its customer, so nothing before it is like it.
#
# The gap is this wide because our copies differ by a word. Real ones, such as a question put in other words, fall into it.
# So no threshold is right for all data: you choose it by looking at pairs just above and just below it. (Comparing each
# text with each other one takes n² comparisons. For millions of texts *MinHash* with buckets (LSH) finds the similar
# pairs without comparing all.)
#
# ### What do copies break?
#
# Take the export as it is. Shuffle it, train on 640 rows, and keep the other 200 for **validation**, as everyone does:
# rows that the model does not learn from, so that you can measure it on them. Then ask the model about the validation
# rows, and about fresh tickets.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "640 rows with only 8 different tickets in them, against 640 different tickets. What do the copies break most?",
    Choice("The format of the answers", "All copies have the right format: that is learned as well as ever."),
    Choice(
        "What the validation score is worth",
        "Yes: it is about the same 8 tickets that were trained on. Run the next cell.",
        correct=True,
    ),
    Choice(
        "The training itself: a loss cannot fall on rows that say the same again and again",
        "It falls faster than ever. Repeated rows are easy.",
    ),
)

# %% tags=["skip-execution"]
copied = fit("8 tickets, many copies", examples(copies[:640]))
promised = measure_triage(copied, base.tokenizer, copies[640:])
delivered = measure_triage(copied, base.tokenizer, fresh)
print(f"validation rows: {promised.correct:.0%} right")
print(
    f"fresh tickets:   {delivered.correct:.0%} right (trained on 640 different tickets: {scores['clean'].correct:.0%})"
)
seen = {row["customer"] for row in copies[:640]}
print(
    f"{sum(row['customer'] in seen for row in copies[640:])} of 200 validation rows have a twin in the training rows."
)
del copied

# %% [markdown]
# Each validation row has a twin among the training rows. So validation measures how well the model *remembers*, and
# you would ship it with a promise that it does not keep. The model itself got off lightly here: the base knows
# tickets, and a handful of examples already teaches it a format. Do not count on that where there is more to learn.
#
# At scale the same thing has names. Near-copies were found in over 4 % of the validation sets of standard corpora,
# and models trained without copies repeat memorized text ten times less often ([Lee et al.
# 2021](https://arxiv.org/abs/2107.06499)).
#
# ### Split by group
#
# Removing copies helps, if you find all of them. There is a remedy that does not depend on a threshold: **split by
# group**. All rows of one customer go to the same side. The same holds for the questions about one document, the
# turns of one conversation, the photos of one patient.
#
# ### Exercise 4 · Split by group
#
# Write `group_split(groups, test_fraction, seed)`.
#
# - **Input:** `groups`, a non-empty list of strings: row i belongs to group `groups[i]`. `test_fraction`, a float
#   from 0 to 1. `seed`, an int.
# - **Output:** a tuple of two lists of ints: the indices of the training rows and those of the test rows, in any order.
#   1. No group is on both sides, and every index is there exactly once.
#   2. The number of test rows differs from `test_fraction × len(groups)` by at most the size of the largest group.
#   3. The test side is empty only for a fraction of 0. (The training side may be empty.)
#   4. The same seed gives the same split, *in any process*; the seed decides which groups go where.
#
# <details><summary>Hint 1</summary>
#
# Shuffle the *groups*, then move whole groups to the test side until it is large enough.
# </details>
# <details><summary>Hint 2</summary>
#
# The order of a `set` of strings changes from one Python process to the next. Sort it before you shuffle. And shuffle
# with your own `random.Random(seed)`, so that nothing else changes the result.
# </details>
# <details><summary>Hint 3</summary>
#
# Take the next group as long as `len(test) < test_fraction * len(groups)`. You overshoot by less than one group.
# </details>


# %% group_split
import random


def group_split(groups, test_fraction, seed):
    """Indices of training rows and of test rows, with every group on one side only."""
    ### BEGIN SOLUTION
    members = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    names = sorted(members)
    random.Random(seed).shuffle(names)
    train, test = [], []
    for name in names:
        side = test if len(test) < test_fraction * len(groups) else train
        side.extend(members[name])
    return train, test
    ### END SOLUTION


# %% test_group_split points=4
groups = ["ann", "bob", "ann", "cem", "dia", "bob", "eve", "ann", "fay", "gus"]
untouched = list(groups)
found = group_split(groups, 0.3, 1)
assert isinstance(found, (tuple, list)) and len(found) == 2, "Return two lists of indices: training rows, test rows."
train, test = found
assert sorted([*train, *test]) == list(range(10)), "Every index from 0 to 9 is on one of the sides, exactly once."
both = {groups[index] for index in train} & {groups[index] for index in test}
assert not both, f"{sorted(both)} are on both sides: move whole groups, not rows."
assert len(test) > 0, "The test side is empty, though the fraction is not 0."
assert abs(len(test) - 3) <= 3, (
    "0.3 of 10 rows are 3, and the largest group has 3: the test side has at most 6 rows. Count rows, not groups."
)
again = group_split(groups, 0.3, 1)
assert [sorted(side) for side in again] == [sorted(train), sorted(test)], (
    "The same seed gave another split the second time: use random.Random(seed), made inside the function."
)
assert sorted(group_split(groups, 0, 1)[0]) == list(range(10)), "A fraction of 0: all rows are training rows."
assert groups == untouched, "Leave the list of groups as it is."
### BEGIN HIDDEN TESTS
import random

draw = random.Random(34)
for _ in range(40):
    names = [f"g{number}" for number in range(draw.randint(2, 25))]
    groups = draw.choices(names, weights=[draw.choice([1, 1, 2, 12]) for _ in names], k=draw.randint(5, 90))
    largest = max(groups.count(name) for name in groups)
    fraction, seed = draw.choice([0.001, 0.05, 0.2, 0.25, 0.5, 0.8, 0.95]), draw.randrange(1000)
    train, test = group_split(groups, fraction, seed)
    named = f"{len(groups)} rows in {len(set(groups))} groups, fraction {fraction}"
    assert sorted([*train, *test]) == list(range(len(groups))), f"{named}: not every row is there exactly once."
    assert not {groups[i] for i in train} & {groups[i] for i in test}, f"{named}: a group is on both sides."
    assert len(test) > 0, f"{named}: the test side is empty, though the fraction is not 0."
    assert abs(len(test) - fraction * len(groups)) <= largest + 1e-9, (
        f"{named}: {len(test)} test rows are further from {fraction * len(groups):.1f} than the largest group ({largest}). "
        "Stop when there are enough rows."
    )
uneven = [f"single {number}" for number in range(40)] + [f"large {number % 3}" for number in range(60)]
for seed in range(30):
    count = len(group_split(uneven, 0.4, seed)[1])
    assert abs(count - 40) <= 20, (
        f"40 groups of one row and 3 of twenty, fraction 0.4: {count} test rows in place of 40 ± 20. Count rows, not groups."
    )
many = [f"customer {number}" for number in range(30)]
chosen = [tuple(sorted(group_split(many, 0.3, seed)[1])) for seed in range(6)]
assert len(set(chosen)) > 1, "Different seeds give different splits: the seed must decide which groups go where."
assert [tuple(sorted(group_split(many, 0.3, seed)[1])) for seed in reversed(range(6))] == chosen[::-1], (
    "The same seed must give the same split, whatever was called before: no global generator, nothing remembered."
)
train, test = group_split(["same"] * 7, 0.3, 5)
assert sorted([*train, *test]) == list(range(7)) and len(test) == 7, (
    "One group goes to one side, all of it, and the test side is not empty."
)
assert len(group_split(many, 1.0, 2)[1]) == 30, "A fraction of 1: all rows are test rows."
assert group_split(["a", "b", "c"], 0.0, 7)[1] == [], "A fraction of 0: no test rows."
assert all(type(index) is int for side in group_split(many, 0.5, 3) for index in side), "Indices are ints."
### END HIDDEN TESTS

# %% tags=["skip-execution"]
try:
    train, test = group_split([row["customer"] for row in copies], 0.15, seed=1)
    known = {copies[index]["customer"] for index in train}
    twins = sum(copies[index]["customer"] in known for index in test)
    print(
        f"Split by customer: {len(test)} of {len(copies)} rows for validation, {twins} of them with a twin in training."
    )
except NotImplementedError:
    print("Solve exercise 4, then run this cell again.")

# %% [markdown]
# (You asked for 15 %, and only whole customers can move: two of eight are a quarter. scikit-learn has this as
# `GroupShuffleSplit`. It counts groups where you counted rows.)
#
# ### Contamination: the same trouble, from outside
#
# A split keeps *your* two halves apart. But your test may also have got into the training data by another door: a
# public benchmark inside a crawl, last year's test set inside this year's export. That is **contamination**.
#
# You look for it with long n-grams. Three words in common happen by chance; in ordinary text eight in a row usually do
# not. GPT-3's authors compared runs of 8 to 13 words, depending on the test set ([Brown et al.
# 2020](https://arxiv.org/abs/2005.14165), appendix C).
#
# **Mind the difference.** In exercise 3 a short text was one gram, because two equal short texts *are* duplicates.
# Here **a text under n words has no gram at all**, because "Thank you" in both sets is no evidence that anything
# leaked.
#
# ### Exercise 5 · Find contamination
#
# Write `contaminated(train, test, n=8)`.
#
# - **Input:** `train` and `test`, lists of strings, and `n`, a positive int.
# - **Output:** a sorted list of ints: the indices of the texts in `train` that share at least one run of n words with
#   *any* text in `test`. Words are lower-cased and split on whitespace. A text under n words has no such run.
#
# <details><summary>Hint 1</summary>
#
# First collect the runs of *all* test texts in one set. Then go through the training texts.
# </details>
# <details><summary>Hint 2</summary>
#
# `range(len(words) - n + 1)` is empty for a short text, all by itself.
# </details>


# %% contaminated
def contaminated(train, test, n=8):
    """Indices of training texts that share a run of n words with a test text."""

    ### BEGIN SOLUTION
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}

    leaked = set().union(*map(runs, test))
    return [index for index, text in enumerate(train) if runs(text) & leaked]
    ### END SOLUTION


# %% test_contaminated points=3
test = ["my lynx tent leaks", "how do I clean the kayak"]
train = ["hello my  LYNX tent leaks today", "the tent leaks", "How do I clean the tent"]
found = contaminated(train, test, n=4)
assert isinstance(found, list), "Return a list of indices."
assert 0 in found, "'my lynx tent leaks' is in the first text, within other words: lower-case, split on any whitespace."
assert 1 not in found, "'the tent leaks' has only three words: with n = 4 it has no run, so it shares none."
assert 2 in found, "'how do i clean' stands in the *second* test text: compare with all of them."
assert found == [0, 2], "Return the indices in train, in increasing order."
assert contaminated(["thank you"], ["thank you"]) == [], (
    "Two words have no run of 8. Unlike in near_duplicates, a short text has no gram here."
)
### BEGIN HIDDEN TESTS
import random

eight = "one two three four five six seven eight"
assert contaminated([eight, eight.rsplit(" ", 1)[0]], [f"zero {eight} nine"]) == [0], (
    "The default n is 8: eight words in a row are enough, seven are not."
)
assert contaminated([eight.upper()], [eight]) == [0], "Lower-case both sides."
assert contaminated(["a b c d"], ["d c b a"], n=2) == [], "The words of a run must come in the same order."
assert contaminated(["a b x c d"], ["a b c d"], n=3) == [], "A run has no gaps: the x in the middle breaks it."
assert contaminated(["a b c d"], ["a b", "c d"], n=3) == [], (
    "Two test texts do not join to one: 'b c' spans no text of the test set."
)
assert contaminated(["a b", "b c"], ["a b c"], n=2) == [0, 1], "Both share a run of two words."
assert contaminated(["tent", "boots"], ["my tent"], n=1) == [0], "With n = 1 one word in common is enough."
assert contaminated([], ["a b"], n=1) == [] and contaminated(["a b"], [], n=1) == [], "An empty side shares nothing."
draw = random.Random(35)
for _ in range(25):
    train = [" ".join(draw.choice(["a", "B", "b", "c"]) for _ in range(draw.randint(0, 9))) for _ in range(8)]
    test = [" ".join(draw.choice(["a", "b", "C"]) for _ in range(draw.randint(0, 7))) for _ in range(2)]
    n, copies = draw.randint(2, 5), (list(train), list(test))
    padded = [f" {' '.join(text.lower().split())} " for text in test]
    wanted = []
    for index, text in enumerate(train):
        words = text.lower().split()
        spans = [f" {' '.join(words[start : start + n])} " for start in range(len(words)) if start + n <= len(words)]
        if any(span in other for span in spans for other in padded):
            wanted.append(index)
    assert contaminated(train, test, n) == wanted, f"train {train}, test {test}, n = {n}: the answer is {wanted}."
    assert (train, test) == copies, "Leave both lists as they are."
### END HIDDEN TESTS

# %% tags=["skip-execution"]
texts, tests = [ticket["text"] for ticket in tickets], [ticket["text"] for ticket in fresh]
leaky = [*texts[:60], *(f"Forwarded: {text}" for text in tests[:3])]
try:
    print(
        f"{len(contaminated(leaky, tests))} of {len(leaky)} texts share 8 words with a test ticket; three were smuggled in."
    )
    forwarded = [f"Forwarded: {text}" for text in tests]
    print("\n        false alarms among   leaks found among")
    print(f"         {len(texts):>3} clean tickets  {len(tests):>3} forwarded ones")
    for n in (3, 5, 8, 13, 20):
        print(f"n = {n:>2}  {len(contaminated(texts, tests, n)):>18} {len(contaminated(forwarded, tests, n)):>19}")
except NotImplementedError:
    print("Solve exercise 5, then run this cell again.")

# %% [markdown]
# Nobody copied the clean tickets, and yet many share 8 words with a test ticket. Ours are put together from a stock
# of sentences, so whole sentences are bound to meet. Real support mails do that too: think of signatures, templates
# and quoted replies. With a longer run the false alarms go, and real leaks go with them: a ticket of fewer than 20 words
# has no run of 20. So a match is a question, not a verdict: look at it before you delete anything.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    '"Thank you" stands twice in your training texts, and once among the test texts. What do your two functions say?',
    Choice(
        "A duplicate, and contamination: in both cases the texts are equal",
        "For contamination a text under n words has no gram at all, so there is nothing to share.",
    ),
    Choice(
        "A duplicate, and no contamination",
        "Yes. Equal short texts are duplicates, but no evidence that anything leaked.",
        correct=True,
    ),
    Choice(
        "No duplicate, since two words make no run of three; and no contamination",
        "For duplicates a text under three words counts as one gram, all of it.",
    ),
    Choice("No duplicate, but contamination", "It is the other way round."),
)

# %% [markdown]
# ## 6 · What must not be in there: personal data
#
# Names, addresses, phone and order numbers: what identifies a person is *personal data*, or PII. A model can give
# back what it was trained on. It does so the more, the larger it is, the **more often a text is repeated**, and the
# longer the context you give it ([Carlini et al. 2022](https://arxiv.org/abs/2202.07646)). So removing copies protects
# people, too. (A masked prompt is at least never trained to be *written*. How much that helps, nothing here measures.)
# But the safest number is the one that is not there.
#
# What has a pattern, a *regular expression* finds. Replace it by a placeholder, so that the sentence keeps its form:

# %% tags=["skip-execution"]
import re

PATTERNS = {"EMAIL": r"[\w.+-]+@[\w-]+\.[\w.]+\w", "ORDER": r"(?i)(?<=order )\d{5}\b", "PHONE": r"\+?\d[\d ()-]{6,}\d"}


def redact(text):
    """The text with mail addresses, order numbers and phone numbers replaced by placeholders."""
    for name, pattern in PATTERNS.items():
        text = re.sub(pattern, f"[{name}]", text)
    return text


print(redact(tickets[0]["text"]))
print(redact("Please call Maria Lopez, 12 Mill Lane, at +1 (555) 014-2277 or write to maria.l@example.com."))
print(sum("[ORDER]" in redact(ticket["text"]) for ticket in tickets), "of", len(tickets), "order numbers found")

# %% [markdown]
# The numbers are gone. Maria Lopez and her address are still there: names have no pattern. For these you need a model
# that finds names, and a person who reads a sample. And keep track of which records belong to which customer, apart from
# the training data and locked away: when a customer asks to be forgotten, you must know which rows to delete, and which
# models saw them.
#
# ## 7 · Length: truncation and packing
#
# Two settings of the trainer change your data without a word.
#
# **Truncation.** What is longer than `max_length` tokens (TRL's default is 1,024) is cut off *at the end*. Where is the answer? At the end.
# You saw it in the explorer: first the end token goes, then the answer, and when nothing with a label is left, TRL
# drops the example. Before you train, count:

# %% tags=["skip-execution"]
rows = examples(tickets)
sizes = sorted(len(row["input_ids"]) for row in rows)
print(f"tokens per example: shortest {sizes[0]}, median {sizes[len(sizes) // 2]}, longest {sizes[-1]}")
for limit in (512, 80, 64, 48, 32):
    lost_end = sum(end not in row["labels"][:limit] for row in rows)
    lost_all = sum(all(label == -100 for label in row["labels"][:limit]) for row in rows)
    print(
        f"max_length {limit:>3}: {lost_end:>3} of {len(rows)} lose their end, {lost_all:>3} of these lose the whole answer"
    )

# %% [markdown]
# **Packing.** The rows of a batch are filled up to the longest. The filling is computed, and thrown away. *Packing*
# puts several short examples into one row. On paper, four examples of 6, 5, 3 and 2 tokens, rows of 8:
#
# ```text
# padded:  ██████        packed:  ██████░░        6 + 2
#          █████·                 █████▒▒▒        5 + 3
#          ███···
#          ██····
#          24 places, 16 used     16 places, 16 used
# ```
#
# The rule behind it is *best fit decreasing*: take the longest first, and put each into the fullest row that still
# has room for it. Ten lines, and TRL's `pack_dataset` beside them:


# %% tags=["skip-execution"]
from trl import pack_dataset


def best_fit(lengths, row):
    """Put lengths into rows of this size: longest first, each into the fullest row with room for it."""
    packed = []
    for length in sorted(lengths, reverse=True):
        fitting = [one for one in packed if sum(one) + length <= row]
        if fitting:
            max(fitting, key=sum).append(length)
        else:
            packed.append([length])
    return packed


toy = Dataset.from_list([{"input_ids": [1] * length} for length in (5, 2, 6, 3)])
print("by hand: ", best_fit((5, 2, 6, 3), row=8))
print("TRL:     ", pack_dataset(toy, seq_length=8, strategy="bfd")["seq_lengths"][:], "\n")

in_order = [len(row["input_ids"]) for row in rows]
padded = sum(16 * max(in_order[start : start + 16]) for start in range(0, len(rows), 16))
real = pack_dataset(Dataset.from_list(rows), seq_length=512, strategy="bfd")
print(f"{sum(sizes):,} tokens. Padded batches of 16: {padded:,} places, {1 - sum(sizes) / padded:.0%} of them filling.")
print(
    f"Packed: {len(real)} rows of 512, {1 - sum(sizes) / (512 * len(real)):.0%} filling (by hand: {len(best_fit(sizes, 512))} rows)."
)

# %% [markdown]
# Packing saves time where lengths differ much. It has two conditions. An example must not *see* the one before it in
# its row: that takes a way to compute attention which knows the borders (TRL's `packing=True` is made for one on GPUs,
# FlashAttention; without it, leave packing off). And each example must bring its own end token. Texts that are simply glued together
# teach a model to go from one customer straight to the next.
#
# A row packed of eight examples also makes a batch of 16 rows a batch of over 100 examples. So there are fewer steps,
# and the learning rate has to be looked for again.

# %% [markdown]
# ## 8 · All of it in one figure
#
# Same model, same method, 40 steps each. Four faults in the data, and each breaks something else.

# %% tags=["skip-execution"]
panels = [
    ("prompt unmasked", "valid JSON (%)", ("clean", "unmasked"), (100 * scores["clean"].valid, 100 * scores["unmasked"].valid)),
    ("end masked (commas)", "right, and ends there (%)", tuple(ends), tuple(ends.values())),
    ("20 % wrong labels", "intents right, drawn (%)", ("clean", "wrong"), (intents["right labels"][1], intents["20 % wrong, at random"][1])),
    ("copies", "all fields right (%)", ("validation", "fresh"), (100 * promised.correct, 100 * delivered.correct)),
]  # fmt: skip
_ = show(*draw_faults(panels))

# %% [markdown]
# - **Prompt unmasked:** on the bundled model the push goes into what is new in the prompts, and the *format* is not learned
#   in the time.
# - **End masked:** most answers begin right, and none *ends* there, in a format that the base has never ended.
# - **Wrong labels:** format and end are fine, and the *content* is as wrong as the teachers were, unless you ask for
#   the likeliest.
# - **Copies:** the model is fair, and your *knowledge of it* is wrong.
#
# None of the four raised an error. In all four the training loss fell. And none of this is special to SFT: the pairs
# of DPO have a template, an end, labels and copies, too. So before each run, do what no trainer does for you:
#
# | check | how |
# |---|---|
# | look at 20 examples | decode them, special tokens and all |
# | what is learned? | decode the tokens whose label is not −100: the answer and its end, nothing else |
# | pad ≠ EOS | compare the two ids |
# | special tokens | search the texts for `<|im_start|>` and `<|im_end|>` that customers typed |
# | lengths | count what `max_length` cuts off |
# | labels | two people and the rule, 50 tickets; look for one-sided disagreement |
# | coverage | count each label; is every kind of ticket that you will meet in there? |
# | copies | near-duplicates, then a split by group |
# | leaks | n-grams shared with the test set |
# | people | redact; read a sample |

# %% [markdown]
# ## Takeaways
#
# - **A trainer sees tokens and labels, nothing else.** Messages, template, ids, labels: look at each of them once.
# - **The label decides what is learned.** −100 is read and not learned. Completion-only is TRL's default for prompt and
#   completion, not for `messages`; the counter-evidence concerns few examples, or long prompts with short answers.
# - **The end must have a label.** Do not let pad equal EOS, so that it cannot lose it. Where the base has a habit of
#   stopping, you will not notice in time.
# - **Wrong labels wash out under the likeliest answer while the right one is the majority among similar tickets.** Random
#   errors leave it the majority; a misread rule need not.
# - **Copies spoil the measurement before they spoil the model.** Split by group.
# - **A match is a question, not a verdict:** short runs raise false alarms, long ones miss leaks.

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
    "lesson03_data",
    Question(
        "A fine-tuned model gives perfect answers, each followed by a second and third answer to questions nobody asked. Where do you look first?",
        Choice("At the learning rate", "A bad rate spoils the answers themselves. These are perfect."),
        Choice(
            "At the labels of the end token",
            "Yes: decode what is learned, and see whether the end is in there.",
            correct=True,
        ),
        Choice(
            "At the number of examples, because more data would teach it when to stop",
            "A million examples without that label teach it no better than ten.",
        ),
        Choice(
            "At the temperature",
            "It changes which token is drawn. If the end has no probability, no temperature helps.",
        ),
    ),
    Question(
        "The prompt has 300 tokens and the answer 10. With loss on all tokens, what share of the labels is the answer?",
        Choice("About 3 %", "Yes: 10 of 310.", correct=True),
        Choice("About 30 %", "10 of 310 is a tenth of that."),
        Choice("Half, because prompt and answer count once each", "The mean is over tokens, not over parts."),
    ),
    Question(
        "One of five annotators has misread the rule for `priority`, and handles all tickets of one product line alone. What helps?",
        Choice(
            "More tickets, labelled by the same five people in the same way",
            "The new ones are wrong in the same direction.",
        ),
        Choice("Temperature 0", "On that product line the wrong label is the majority, so it is the likeliest answer."),
        Choice(
            "A longer training run with a lower learning rate, so that the few wrong labels are averaged out in the end",
            "They agree with each other. Averages keep what agrees.",
        ),
        Choice(
            "Compare annotators on the same tickets",
            "Yes: a one-sided error shows as disagreement, and can be undone.",
            correct=True,
        ),
    ),
    Question(
        "You split 10,000 support mails at random. 40 % are replies within a thread. What is your validation score worth?",
        Choice("It is too high", "Yes: mails of one thread stand on both sides. Split by thread.", correct=True),
        Choice("It is too low", "Known threads make validation easier, not harder."),
        Choice(
            "It is fair, because a random split treats all mails alike",
            "It treats mails alike, but the mails are not independent of each other.",
        ),
    ),
    Question(
        "`near_duplicates` drops text 2 because of text 1. Text 3 resembles text 2 alone. What happens to text 3?",
        Choice(
            "It is dropped, as similarity is passed on from text to text",
            "It is not: A may resemble B and B resemble C, but not A resemble C.",
        ),
        Choice("It stays", "Yes: it is compared with kept texts only, and text 2 was not kept.", correct=True),
        Choice("Text 2 comes back in its place", "A dropped text stays dropped."),
    ),
    Question(
        "Your tokenizer has no pad token. What do you set?",
        Choice(
            "`pad_token = eos_token`, as in most tutorials", "Any collator that masks by value then erases every end."
        ),
        Choice("Nothing: batches can do without", "Rows of different lengths have to be filled with something."),
        Choice(
            "A token of its own that never occurs in a text, or an unused special token of the vocabulary",
            "Yes (an unused one, as a new token means a larger model). Then the end keeps its label, whoever masks.",
            correct=True,
        ),
    ),
    Question(
        "`max_length` is 256. A fifth of your prompts alone have more tokens. What does the model learn from these examples?",
        Choice("The first half of the answers", "The answer stands behind the prompt. Nothing of it is left."),
        Choice("To write short prompts", "The prompt has no labels."),
        Choice(
            "The answers, since the trainer cuts the prompt and not the answer",
            "By default it cuts at the end, and that is where the answer is.",
        ),
        Choice("Nothing", "Yes: no label is left, and TRL drops them. Count before you train.", correct=True),
    ),
    Question(
        "A study finds that loss on the prompt, too, improves its benchmarks. What do you conclude for your data?",
        Choice(
            "Look at its conditions, then measure",
            "Yes: few examples, or long prompts with short answers.",
            correct=True,
        ),
        Choice(
            "That completion-only loss is out of date",
            "It improved in some conditions. You measured one where it does harm.",
        ),
        Choice(
            "That the study must be wrong, because our measurement showed the opposite",
            "Other prompts, other length, other number of steps. Both can be right.",
        ),
    ),
    pass_mark=0.8,
)

# %% tags=["skip-execution"]
course.progress()

# %% [markdown]
# ## What comes next
#
# The data is ready: clean, masked, split, without copies. In every run of this lesson you used an *adapter* and took
# it on trust: a few extra numbers beside a model that stayed frozen. Training **all** of its weights would work as
# well, and would cost you a whole model for each job, and a machine with many times its memory. **Lesson 4** opens
# the adapter: LoRA, from first principles.
