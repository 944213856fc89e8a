# %% [markdown]
# # Lesson 1 · Why fine-tune? The decision framework
#
# You have a language model that is *almost* good enough. Should you write it a better prompt, give it your documents,
# or train it? In this lesson you try all three on the same model and the same tickets, measure each one, and leave
# with a framework that tells you when to fine-tune, when to retrieve, and when a good prompt is all you need.
#
# **You will be able to**
#
# - judge prompting, retrieval (RAG) and fine-tuning against the same criteria: set-up time, cost, latency, freshness
#   and consistency;
# - tell which problems fine-tuning solves, and which it does not;
# - compute what each approach costs a month, and after how many requests training pays for itself;
# - check automatically whether a model's answer is one you can use.
#
# **Time and hardware.** About an hour. Any computer will do: on one with no GPU, the cells use a small model that
# comes with the course, and the whole notebook computes for less than three minutes. In Colab, the same cells use a
# free GPU and a larger model.
#
# **How this course works.** Eight lessons take you from zero to a fine-tuned model that works, and each builds on the
# one before. You need to be comfortable with Python. You need no experience of machine learning: everything is
# explained from first principles, and every new word when it first appears. To work in Colab you need a Google
# account; on your own machine you need none. Whatever a lesson claims, a cell beside the claim measures it, and you
# run that cell.
#
# Run the next cell first. It says which model your machine gets, and why.

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# Juniper Outfitters (we made it up) sells tents, stoves and jackets. Its customers write tickets. Juniper wants a
# language model to help with three jobs:
#
# | job | what the model must produce |
# |---|---|
# | **triage** | one JSON object with the ticket's intent, priority and product, and nothing else, because a program reads it |
# | **voice** | a reply that sounds like Juniper: informal, witty, full of the shop's own words |
# | **prices** | the price of a product, as it is today |
#
# The model at hand is almost good enough. It understands tickets. But the format of its answers changes from call to
# call, its tone is not the brand's, and where it lacks the facts and terms of Juniper's own world, it makes something
# up.
#
# Three remedies are on the table. You can **write a better prompt**: the prompt is the text you send to the model.
# You can **build a RAG pipeline**: RAG, *retrieval-augmented generation*, looks up documents and puts them into the
# prompt. Or you can **fine-tune** the model: train it further, on examples of what you want.
#
# Which one? Most teams guess, and most guess wrong. (That is experience, not a statistic.) A wrong guess costs weeks
# of engineering on something that does not move the needle. So let us not guess. First, look at the problem.
#
# ### The same ticket, ten times
#
# The next cell loads the model and sends it one ticket ten times. Before you run it, guess: how many different
# answers will come back?

# %% tags=["skip-execution"]
from course.data import PRACTICE_SEED, draw_tickets, triage_messages
from course.models import generate, load_base

base = load_base(tier, four_bit=tier.gpu_gb > 8)  # a 7B model fits on a small GPU only in four bits a weight
tickets = draw_tickets(200, seed=PRACTICE_SEED)  # 200 tickets that the model has never seen
ticket = tickets[0]

print("The ticket:", ticket["text"], "\n")
answers = generate(base.model, base.tokenizer, [triage_messages(ticket["text"])] * 10)
for number, answer in enumerate(answers, 1):
    print(f"{number:>2}  {answer!r}")
print(f"\n{len(set(answers))} different answers to one ticket")

# %% [markdown]
# One ticket, one model, and many different answers. With the bundled model you see lists, hashtags, sentences, letters to the
# customer, and now and then the JSON you need. (With a larger model you may get ten polite letters instead: better
# English, and nothing that a program can read.) The same input gave all of them.
#
# Why does this happen? A language model does not look up an answer. It reads text as a row of **tokens** (words or
# pieces of words) and computes, for every token it knows, the probability that this one comes next. Then one token is
# *drawn* from these probabilities, added to the text, and the model computes again. An answer is a chain of such
# draws.
#
# Here is the picture behind the ten answers: the tokens that could come first.

# %% tags=["skip-execution"]
from course.peek import draw_next_tokens

words = base.tokenizer.tokenize(ticket["text"])
print(f"The model reads the ticket as {len(words)} tokens:", " ".join(repr(word)[1:-1] for word in words[:14]), "…\n")
draw_next_tokens(
    base.model, base.tokenizer, triage_messages(ticket["text"]), "Before training: how an answer may begin"
)

# %% [markdown]
# Each bar is the beginning of another kind of answer: `{` leads to JSON, `-` to a list, a word to a sentence or a
# letter. The model is not broken. It learned from text in which people answered such tickets in many ways, so it
# considers many ways likely. The draw decides.
#
# Keep this figure in mind. Everything in this lesson is a way of changing these bars: a prompt changes them for one
# call, and training changes them for good.

# %% tags=["skip-execution"]
# @title Quick check
from course import Choice, quick_check

quick_check(
    "You send the same ticket to the same model twice and get two different formats. What happened?",
    Choice(
        "The model learned from the first call",
        "Calls do not train a model. Its weights are the same before and after.",
    ),
    Choice(
        "The server sent the second call to another version of the model",
        "Possible in real life, but not needed: one unchanged model does this.",
    ),
    Choice(
        "Both answers were likely, and each was drawn",
        "Yes. An answer is a chain of draws from probabilities, and here several beginnings are likely.",
        correct=True,
    ),
    Choice("The second ticket was split into different tokens", "Equal text gives equal tokens, every time."),
)

# %% [markdown]
# ## When is an answer usable?
#
# Before you can improve anything, you must be able to count it. For triage, an answer is usable when a program can
# read it: one JSON object, with the right three keys, and with values that Juniper's systems know. These are the
# values:

# %%
from course.data import INTENTS, PRIORITIES

print("INTENTS    =", INTENTS)
print("PRIORITIES =", PRIORITIES)

# %% [markdown]
# ### How exercises work, once for the whole course
#
# Each exercise asks for a function. Replace `raise NotImplementedError` with your code, run the cell, then run the
# test below it. A failing test tells you in a sentence what it found. Your instructor's grader also runs hidden
# tests: the same idea, with more inputs. These rules hold in every lesson:
#
# - **Leave the arguments as you found them.** If you need to change a list or a dict, change a copy.
# - **Same question, same answer.** Equal arguments give equal results, whatever was called before.
# - **Return what the contract names.** A float may be NumPy's; where it says `bool`, `str` or `int`, return Python's
#   own.
# - **Do not round** unless asked to. Tests allow a relative error of one in a million, so the order of your additions
#   does not matter.
# - **Inputs that the contract excludes are not tested.** You need no code against them.
# - **Helper functions and imports are welcome**, in the exercise's cell or in a cell of your own.
#
# ### Exercise 1 · Is this answer valid?
#
# Write `valid_ticket(text) -> bool`. It returns `True` when `text`, stripped of white space at both ends, is
# **exactly one JSON object** with
#
# - exactly the keys `intent`, `priority` and `product`, in any order;
# - only strings as values: `intent` one of `INTENTS`, `priority` one of `PRIORITIES`, and `product` any string.
#
# Everything else is `False`: words before or after the JSON, extra or missing keys, unknown labels, text that is no
# JSON at all. It never raises an exception, because models return anything.
#
# <details><summary>Hint 1: where to start</summary>
#
# `json.loads` reads JSON and raises `ValueError` (its `JSONDecodeError` is one) when the text is anything but one
# JSON value.
#
# </details>
# <details><summary>Hint 2: what json.loads lets through</summary>
#
# `json.loads("[1, 2]")`, `json.loads("3")` and `json.loads('"hello"')` all succeed. Ask `isinstance(found, dict)`
# before you look at keys.
#
# </details>
# <details><summary>Hint 3: keys and values</summary>
#
# `set(found) == {"intent", "priority", "product"}` compares the keys. Check that the values are strings *before* you
# ask whether they are known labels.
#
# </details>

# %% valid_ticket
import json

from course.data import INTENTS, PRIORITIES


def valid_ticket(text):
    """Tell whether a model's answer is exactly one triage object, and nothing else."""
    ### BEGIN SOLUTION
    try:
        found = json.loads(text.strip())
    except ValueError:
        return False
    return (
        isinstance(found, dict)
        and set(found) == {"intent", "priority", "product"}
        and all(isinstance(value, str) for value in found.values())
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
    )
    ### END SOLUTION


# %% test_valid_ticket points=2
good = '{"intent": "refund", "priority": "high", "product": "Lynx tarp"}'
assert valid_ticket(good) is not None, "valid_ticket returned None: end it with `return`."
assert isinstance(valid_ticket(good), bool), "Return True or False themselves, not a dict, a match or a list."
assert valid_ticket(good), "This is a perfect answer, so it should be True: " + good
assert valid_ticket("\n  " + good + "\n"), "White space around the object does no harm: strip the text first."
assert not valid_ticket("Sure! " + good), (
    "Words before the object make it unreadable for a program: read the whole text, do not search in it."
)
assert not valid_ticket(good[:-1]), (
    "An object that is cut off is not JSON: catch json.loads's ValueError and return False."
)
assert not valid_ticket('["refund", "high", "Lynx tarp"]'), (
    "A JSON list is valid JSON, but not an object: check isinstance(found, dict)."
)
assert not valid_ticket(good.replace("refund", "complaint")), "'complaint' is not one of INTENTS: check the value."
### BEGIN HIDDEN TESTS
import json
import random

from course.data import INTENTS, PRIORITIES

rng = random.Random(11)
for _ in range(40):
    made = {
        "intent": rng.choice(INTENTS),
        "priority": rng.choice(PRIORITIES),
        "product": rng.choice(["Yukon tent", "", 'a "quoted" kettle', "Zelt für zwei"]),
    }
    keys = rng.sample(sorted(made), 3)
    text = json.dumps({key: made[key] for key in keys}, indent=rng.choice([None, 2]), ensure_ascii=rng.random() < 0.5)
    text = rng.choice(["", " ", "\n\n"]) + text + rng.choice(["", "\n", "  "])
    assert valid_ticket(text), f"This is a valid answer; order, layout and the product's text are free: {text!r}"
    field = rng.choice(["intent", "priority"])
    other = {"intent": PRIORITIES, "priority": INTENTS}[field]
    text = json.dumps(made | {field: rng.choice([*other, made[field].upper(), made[field] + " ", "", "unknown"])})
    assert not valid_ticket(text), f"Labels must match exactly, and each in its own field: {text!r}"
### END HIDDEN TESTS

# %% test_valid_ticket_strict points=2
import json

labels = {"intent": "refund", "priority": "high", "product": "Lynx tarp"}
text = json.dumps(labels)
assert valid_ticket(text), "This one is right: a check that refuses every ticket is strict, and useless."
assert not valid_ticket(json.dumps(labels | {"mood": "angry"})), (
    "An extra key breaks the schema: the keys must be exactly the three."
)
assert not valid_ticket('{"intent": "refund", "priority": "high"}'), (
    "A missing key breaks the schema, and must not raise a KeyError."
)
assert not valid_ticket(json.dumps(labels | {"product": 7})), "Every value must be a string; this product is a number."
assert not valid_ticket(text + "\nAnything else?"), "Words after the object make it unreadable for a program."
### BEGIN HIDDEN TESTS
for value in (None, True, False, 0, 3, 1.5, ["refund"], {"refund": 1}, []):
    for field in labels:
        wrong = json.dumps(labels | {field: value})
        assert not valid_ticket(wrong), f"Every value must be a string, and a list must not crash the check: {wrong}"
for constant in ("NaN", "Infinity", "-Infinity"):
    wrong = text.replace('"Lynx tarp"', constant)
    assert not valid_ticket(wrong), f"Python's json reads {constant} as a number, which is no string: {wrong}"
for wrong in ("", "   ", "null", "true", "3", '"refund"', "{}", "[]", "refund | high | Lynx tarp", "{", "}" + text):
    assert not valid_ticket(wrong), f"This is not a triage object, and must not raise an exception: {wrong!r}"
for wrong in (
    f"[{text}]",
    text + text,
    text + "," + text,
    json.dumps(text),
    "```json\n" + text + "\n```",
    text + ".",
    "Ticket: " + text,
):
    assert not valid_ticket(wrong), f"Exactly one object and nothing around it: {wrong!r}"
for wrong in (
    text.replace('"', "'"),
    "{'intent': 'refund', 'priority': 'high', 'product': 'Lynx tarp'}",
    text.replace("}", ",}"),
):
    assert not valid_ticket(wrong), f"That is Python, not JSON; json.loads refuses it: {wrong!r}"
assert not valid_ticket(json.dumps({"ticket": labels})), (
    "The object must hold the three keys itself, not inside another object."
)
assert not valid_ticket(json.dumps({key.upper(): value for key, value in labels.items()})), (
    "Keys are compared exactly: INTENT is not intent."
)
### END HIDDEN TESTS

# %% [markdown]
# Here is your function at work, on the ten answers from above:

# %% tags=["skip-execution"]
try:
    for answer in answers:
        print("✓ valid  " if valid_ticket(answer) else "✗ useless", repr(answer))
except NotImplementedError:
    print("Solve exercise 1, then run this cell again.")

# %% [markdown]
# Ten answers are too few to judge by, so let us count over 200 tickets, one call each. The course measures with its own
# check, which follows the same contract as yours. It also compares the three fields with the labels that a person at
# Juniper gave: an answer can be **valid** (readable) without being **right** (all three fields as the person labelled
# them).

# %% tags=["skip-execution"]
from course.data import triage_json
from course.evaluation import measure_triage

print("What a person at Juniper answered to the first ticket:", triage_json(ticket))
alone = measure_triage(base.model, base.tokenizer, tickets)
print(f"The ticket alone: {alone.valid:.0%} of the answers are valid, {alone.correct:.0%} have all three fields right.")

# %% [markdown]
# ## Three approaches
#
# Imagine a new colleague at Juniper's help desk. You can give her a **clear brief** for the task. You can put the
# **handbook** on her desk, open at the right page. Or you can **train** her for a week, until she does it right
# without being told. That is all there is to prompting, RAG and fine-tuning.
#
# | approach | what it changes | time | cost | best for |
# |---|---|---|---|---|
# | **Prompt engineering** | how you ask | hours | about 0 dollars | quick wins, flexible tasks |
# | **RAG** | what the model knows | days to weeks | 70–1,000 dollars a month | dynamic knowledge, real-time data |
# | **Fine-tuning** | how the model behaves | weeks | high upfront, lower per call (*inference*) | style, format, classification |
#
# *The times and dollars are the planning ranges that this course started from: rules of thumb for a small team, not
# measurements. You will compute your own below.*
#
# A table is a starting point, and the real decision is messier. So we take the three one by one, and measure each.
#
# ## Prompt engineering: your first move, always
#
# It is free, it takes hours and not weeks, and for many tasks it is all you need. Four tools cover most of it:
#
# - **Few-shot examples** for the format of the output: show two or three solved cases in the prompt.
# - **A system prompt** for tone and persona: a standing instruction such as "You write for an outdoor shop,
#   cheerfully".
# - **Chain of thought** for reasoning: ask the model to write its steps before its answer.
# - **JSON mode** for structured output: many servers can refuse every token that would break the JSON.
#
# Let us use two of them: first an instruction, then three solved examples on top of it.

# %% tags=["skip-execution"]
from course.data import INSTRUCTION

examples = draw_tickets(3, seed=7)  # three labelled tickets, not among the 200
print("The instruction:", INSTRUCTION, "\n")

instructed = measure_triage(base.model, base.tokenizer, tickets, INSTRUCTION)
shown = measure_triage(base.model, base.tokenizer, tickets, INSTRUCTION, examples)
for name, score in (("ticket alone", alone), ("instruction", instructed), ("… and three examples", shown)):
    print(
        f"{name:<22} {score.valid:>4.0%} valid  {score.correct:>4.0%} right  {score.prompt_tokens:>4.0f} tokens a call"
    )

# %% [markdown]
# One sentence multiplied the readable answers, and three examples raised them again. That took minutes and cost
# nothing. *This is why prompting comes first.*
#
# Now read the other two columns. The answers became readable much faster than they became right. And the prompt grew:
# the examples are sent again, and paid for again, with every single call.
#
# ### Where prompting breaks down
#
# - **Consistency at scale.** A prompt makes the right format likely, not certain. Call often enough and the unlikely
#   happens: on the 500th call, the model "forgets" its instructions. (It never remembered them. Each call is a fresh
#   draw.)
# - **Token costs.** A long system prompt eats into your budget on every API call. (Many providers give a discount on a
#   beginning that repeats, *prompt caching*. It shrinks this cost, and does not remove it.)
# - **Latency**, the time until the answer comes. Reading the prompt takes time: about one second for 2,000 tokens is
#   a common planning figure.
# - **Style drift.** Over a long conversation, the model slides back to its default voice.
#
# The first point is arithmetic. The second and the third you can measure.

# %% tags=["skip-execution"]
calls = 500
expected = calls * (1 - shown.valid)
print(f"With instruction and examples, {shown.valid:.1%} of the answers were valid.")
print(f"In {calls} calls, expect about {expected:.0f} broken ones. The chance of none at all: {shown.valid**calls:.1%}")
extra = shown.prompt_tokens - alone.prompt_tokens
print(f"To send the instruction and the examples, you pay for {extra:.0f} more tokens in every call.")

# %% tags=["skip-execution"]
import numpy as np
from course.figures import COLOURS, figure, show
from course.peek import reading_seconds

lengths = [32, 64, 128, 256, 384, 512]
milliseconds = [1000 * seconds for seconds in reading_seconds(base.model, lengths)]
slope = np.polyfit(lengths, milliseconds, 1)[0]

fig, ax = figure(
    "Longer prompts take longer to read", "tokens in the prompt", "time to read it (milliseconds)", size=(7.2, 3.4)
)
ax.plot(lengths, milliseconds, "o-", color=COLOURS["prompt"])
ax.set_ylim(0)
show(
    fig,
    alt="A line: reading time by prompt length: "
    + ", ".join(f"{n} tokens {t:.1f} ms" for n, t in zip(lengths, milliseconds, strict=True)),
)
print(f"On this machine, 2,000 more tokens would take this model about {2 * slope:.2f} seconds more.")

# %% [markdown]
# Your figure belongs to this model on this machine; a model many times larger, on a far faster machine, has another.
# The shape is the same everywhere: you pay for length in time as well as in money.
#
# ### Could you not just turn the randomness off?
#
# A fair question, and a good move. Instead of drawing, you may always take the likeliest token: that is called
# **temperature 0**. (Drawing as we did is temperature 1.) A server with JSON mode, also called constrained decoding or
# [structured output](https://docs.vllm.ai/en/latest/features/structured_outputs/), goes further: it removes every token
# that would break the format. Try the first.

# %% tags=["skip-execution"]
greedy = measure_triage(base.model, base.tokenizer, tickets, INSTRUCTION, temperature=0)
print(f"Instruction, temperature 1: {instructed.valid:>4.0%} valid, {instructed.correct:>4.0%} right")
print(f"Instruction, temperature 0: {greedy.valid:>4.0%} valid, {greedy.correct:>4.0%} right")

# %% [markdown]
# That is a strong move, and a free one. If what it gives you is enough for your job, stop here: you are done. *This,
# too, is why prompting comes first.* Three reasons remain to read on.
#
# - The long prompt still travels with every call.
# - Whatever is wrong now is wrong every time. It is what the model believes about the labels, and no setting changes
#   that: a constraint guarantees the *form* of an answer, never its content.
# - Many products draw, by default, or because replies to people should not all sound alike, and a reply has no schema.
#
# For this reason the lesson measures triage with drawing, as a user of a chat product meets it.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "Over 1,000 API calls your model's JSON is formatted inconsistently, although the instructions are detailed. Is that a prompt problem or a fine-tuning problem?",
    Choice(
        "A prompt problem: make the instructions more detailed still",
        "You tried. More words cost more on every call, and each call remains a draw.",
    ),
    Choice(
        "A fine-tuning problem: put the format into the weights",
        "Yes. Inconsistency at scale is what training fixes: the format no longer has to be explained in each call.",
        correct=True,
    ),
    Choice(
        "Neither: a thousand calls are too few to judge the format of a model's answers",
        "A thousand calls measure a share to within about three points (1.96 √(0.25 / 1000)). That is plenty.",
    ),
)

# %% [markdown]
# ## RAG: when knowledge is the problem
#
# Now the third job. A customer asks for a price. First we ask the model from memory, which is called **closed book**.
# Then we put an excerpt of
# Juniper's current price list into the prompt, and ask again.

# %% tags=["skip-execution"]
from course.data import draw_price_questions, grounded_prompt

questions = draw_price_questions(200, seed=PRACTICE_SEED, year=2027)
few = [questions[number] for number in range(5)]
prompts = [row["question"] for row in few] + [grounded_prompt(row["question"], row["document"]) for row in few]
replies = generate(base.model, base.tokenizer, [[{"role": "user", "content": p}] for p in prompts], temperature=0)

print("--- the first prompt with its document ---", prompts[5], sep="\n")
for row, from_memory, from_document in zip(few, replies[:5], replies[5:], strict=True):
    print(f"\n{row['question']}  The price list says {row['value']}.")
    print("   closed book      :", from_memory)
    print("   with the document:", from_document)

# %% [markdown]
# Look at the closed-book answers. They are fluent, confident and wrong, and nothing in them tells you so. This is called
# a **hallucination**: the model produces what a price looks like, because that is what it learned to do.
#
# No instruction could have helped. The price of a product in 2027 is in no weight of a model that was trained before.
# It has to be *brought*. RAG does just that, at the moment of the question, in two steps:
#
# 1. **Retrieve**: search your documents for the few that bear on the question. Usually each text is turned into a
#    list of numbers, its **embedding**, so that texts on the same subject have similar numbers.
# 2. **Generate**: put them into the prompt, before the question.
#
# So RAG answers one question: *how does the model get to know about my stuff?* It brings the fact. The model must still
# read it: now and then ours looks at the wrong line of the list. So let us count over 200 questions. (The document here
# is the one that a perfect search would find. You build the search in lesson 8.)

# %% tags=["skip-execution"]
from course.evaluation import measure_prices

closed_book = measure_prices(base.model, base.tokenizer, questions, with_document=False)
open_book = measure_prices(base.model, base.tokenizer, questions, with_document=True)
for name, score in (("closed book", closed_book), ("with the document", open_book)):
    print(f"{name:<18} {score.correct:>4.0%} right  {score.prompt_tokens:>4.0f} tokens a call")

# %% [markdown]
# **RAG wins when**
#
# - the data changes often: a product catalogue, regulations, news;
# - you must name your source: "According to policy document 4.2 …";
# - you build question answering over documents.
#
# And when your knowledge base is *small*, under about 200,000 tokens (a common planning figure; a thick book), you
# may need no search at all: many models read that much in one prompt, so just use the **long context** and put
# everything in. It is RAG without the R.
#
# **RAG loses when**
#
# - the problem is behaviour, not knowledge;
# - you need one output format, consistently;
# - you classify, and accuracy on a few labels matters more than broad knowledge;
# - latency is critical: a search and an embedding come before the model has even begun.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "Your model answers in exactly the right tone, but quotes last year's prices. What changes that?",
    Choice(
        "Retrieve the price list when a question comes, and put it into the prompt",
        "Yes. Knowledge that changes belongs in the prompt, where today's version can stand.",
        correct=True,
    ),
    Choice(
        "Fine-tune it on the new price list as soon as the list is published",
        "It may learn this list. You will see in a moment what the next one does to it.",
    ),
    Choice(
        "Tell it firmly, in the system prompt, that it must use current prices",
        "No instruction can supply a fact that the model has never seen.",
    ),
    Choice("Set the temperature to 0", "Then it quotes last year's prices every time."),
)

# %% [markdown]
# ## Fine-tuning: when behaviour is the problem
#
# A model is a function with adjustable numbers, its **weights**. They decide the probabilities in the figure above.
# **Training** shows the model a ticket and the answer you want, and moves the weights a little, so that this answer
# becomes more likely. Repeat that for many tickets. To **fine-tune** is to continue the training of a finished model
# in this way.
#
# You will not touch all the weights. You add a small set of new ones, an **adapter**, and train only these, while the
# model itself stays frozen and is even stored in four bits a weight to save memory. The method is called **QLoRA**.
# Lessons 4 and 5 explain it and lesson 6 takes the run apart. Today you only watch.
#
# The training data is 2,000 tickets, each with the JSON a person wrote. No instruction, no examples in the prompt:
# the ticket alone.

# %% tags=["skip-execution"]
from course.data import prompt_completion
from course.live import LiveTraining
from course.training import train_adapter

train_tickets = draw_tickets(2000, seed=1)
print("One training example:", prompt_completion(train_tickets[0]), "\n")

frozen_base = load_base(tier, four_bit=True)
run = train_adapter(
    frozen_base,
    train_tickets.map(prompt_completion),
    "runs/lesson01_triage",
    steps=120,
    callbacks=[LiveTraining("Triage adapter")],
)

# %% [markdown]
# That is a fine-tuned model. Here is the ticket from the beginning, ten times, with no instruction at all. Below it
# is the figure from the beginning: the tokens that could come first.

# %% tags=["skip-execution"]
for number, answer in enumerate(generate(run.model, frozen_base.tokenizer, [triage_messages(ticket["text"])] * 10), 1):
    print(f"{number:>2}  {answer!r}")
draw_next_tokens(
    run.model,
    frozen_base.tokenizer,
    triage_messages(ticket["text"]),
    "After training: how an answer begins now",
    COLOURS["tuned"],
)

# %% tags=["skip-execution"]
tuned = measure_triage(run.model, frozen_base.tokenizer, tickets)
print(
    f"Fine-tuned, the ticket alone: {tuned.valid:.0%} valid, {tuned.correct:.0%} right, "
    f"{tuned.prompt_tokens:.0f} tokens a call, trained in {run.seconds:.0f} s"
)
tuned_greedy = measure_triage(run.model, frozen_base.tokenizer, tickets, temperature=0)
print(f"At temperature 0: instruction {greedy.correct:.0%} right, fine-tuned {tuned_greedy.correct:.0%} right")

# %% [markdown]
# Ten answers, one format. Training did not forbid the others. It made one of them so likely that the others are hardly
# ever drawn. And there is nothing left to explain in the prompt, so each call is short.
#
# Notice what happened to *right*, too. No prompt mentioned Juniper's rule for priorities. The examples made the model
# follow it nearly every time, and not just often. Behaviour that is easier to show than to describe is where training
# shines.
#
# ### Can training teach facts as well?
#
# If training is that good, why not train the price list into the model, and skip retrieval? Let us try. We take the
# price list of 2026, turn it into questions and answers, and train a second adapter on it. Then we ask it about the
# list of 2026. And then January comes, and the list of 2027 with it. Guess both numbers before you run the cell.


# %% tags=["skip-execution"]
def question_and_answer(row):
    """Turn a price question into training data: the question alone, then its answer."""
    return {
        "prompt": [{"role": "user", "content": row["question"]}],
        "completion": [{"role": "assistant", "content": row["answer"]}],
    }


lesson_2026 = draw_price_questions(1920, seed=1, year=2026)
facts_base = load_base(tier, four_bit=True)
facts = train_adapter(
    facts_base, lesson_2026.map(question_and_answer, remove_columns=lesson_2026.column_names), "runs/lesson01_prices",
    steps=120, callbacks=[LiveTraining("Price adapter")],
)  # fmt: skip

list_2026 = draw_price_questions(200, seed=PRACTICE_SEED, year=2026)
learned = measure_prices(facts.model, facts_base.tokenizer, list_2026, with_document=False)
stale = measure_prices(facts.model, facts_base.tokenizer, questions, with_document=False)
stale_open = measure_prices(facts.model, facts_base.tokenizer, questions, with_document=True)
repeats = len(lesson_2026) / len(set(lesson_2026["product"]))
print(
    f"Trained on the list of 2026 ({repeats:.0f} repetitions of each price), "
    f"asked about 2026: {learned.correct:.0%} right"
)
print(f"The same adapter, asked about the list of 2027: {stale.correct:.0%} right")

# %% [markdown]
# Training *can* store facts. It took many repetitions, but the short list went in. What it stored is a copy, and the
# copy went stale with the next list. What you want from a price is not that the model knows it; you want it to be
# today's.
#
# Research says the same about larger models, and adds a warning:
#
# - Retrieval beat training on raw documents for facts, both for facts that a model had met before and for new ones,
#   in the comparison of Ovadia and others ([arXiv 2312.05934](https://arxiv.org/abs/2312.05934)). New facts needed
#   many rephrasings to sink in.
# - Examples with facts that are new to the model are learned more slowly than the rest, and once they are learned the
#   model hallucinates more, in proportion (Gekhman and others, [arXiv 2405.05904](https://arxiv.org/abs/2405.05904)).
#
# So fine-tuning does not add knowledge in the way you might expect. It changes how the model *behaves*.
#
# **Fine-tuning wins when**
#
# - you need one output format or schema: always JSON, always these fields;
# - you want a specialised style: a brand's voice, medical terminology, a legal tone;
# - you classify: sentiment, routing by intent, content moderation;
# - a small fine-tuned model can replace a large one, and save cost and latency;
# - privacy requires a model on your own premises, so that no data leaves your servers.
#
# **Fine-tuning loses when**
#
# - your data changes often (that is RAG's job);
# - you need general flexibility: training for one job narrows what the model does well;
# - you have fewer than 50 to 100 high-quality examples (a common planning range);
# - a better prompt would solve the problem. *Test this first!*

# %% tags=["skip-execution"]
from course.data import draw_replies

sample = draw_replies(1, seed=3)[0]
print("A customer writes :", sample["text"])
print("Any shop answers  :", sample["plain"])
print("Juniper answers   :", sample["brand"])

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "You want every reply in Juniper's voice, as in the last line: informal, witty, with the shop's own jargon. Fine-tuning or RAG?",
    Choice(
        "RAG: retrieve the style guide, so that the model knows the rules of the voice",
        "A guide in the prompt helps a little, costs tokens in every call, and drifts. Retrieval cannot teach tone.",
    ),
    Choice(
        "RAG: retrieve similar old replies and let the model imitate them",
        "That is few-shot prompting with a search in front. It is worth a try, but it pays for its examples every time.",
    ),
    Choice(
        "Neither: tone is decided by the temperature",
        "Temperature decides how freely tokens are drawn, not whose voice they speak in.",
    ),
    Choice(
        "Fine-tuning, on examples of ideal replies",
        "Yes. A voice is behaviour, not knowledge. You do this in lesson 2.",
        correct=True,
    ),
)

# %% [markdown]
# ## All of it in one figure
#
# Here is everything you measured: on the left triage, on the right prices after the list has changed. Solid bars are
# right answers; the pale part is valid JSON that is not right. Beside each bar stands what a call costs: the tokens
# of its prompt, and the mean time of an answer when 64 are computed together.

# %% tags=["skip-execution"]
from course.scoreboard import Row, show_scoreboard


def cost(score):
    """Say what a call costs."""
    return f"{score.prompt_tokens:.0f} tokens · {1000 * score.seconds:.0f} ms"


def triage_row(name, score, color):
    """Make a row of a triage score."""
    return Row(name, 100 * score.correct, cost(score), color, valid=100 * score.valid)


def price_row(name, score, color):
    """Make a row of a price score."""
    return Row(name, 100 * score.correct, cost(score), color)


show_scoreboard(
    "Train behaviour, retrieve knowledge",
    {
        "Triage (200 new tickets)": [
            triage_row("ticket alone", alone, "base"),
            triage_row("instruction", instructed, "prompt"),
            triage_row("+ three examples", shown, "prompt"),
            triage_row("fine-tuned,\nticket alone", tuned, "tuned"),
        ],
        "Prices (200 questions, new list)": [
            price_row("base, from memory", closed_book, "base"),
            price_row("fine-tuned,\nfrom memory", stale, "tuned"),
            price_row("base, with\nthe document", open_book, "rag"),
            price_row("fine-tuned, with\nthe document", stale_open, "hybrid"),
        ],
    },
)
print(f"Not in the figure: at temperature 0, the instruction alone gets {greedy.correct:.0%} of the tickets right.")

# %% [markdown]
# Read the figure from left to right. For behaviour, prompting helps, and training finishes the job with the shortest
# prompt of all. For knowledge that changed, training does nothing, and a document does most of it. The last bar shows
# that the two get along: the adapter that learned the old list reads the new one from the document.
#
# Two things in the small print. The times of the adapters suffer on a CPU, where computing with four-bit weights and a
# separate adapter is slow; lesson 8 merges the adapter into the model. And the left panel was measured with drawing.
#
# These are one small model's figures on one shop's jobs. The pattern carries over. The numbers you must measure for
# your own.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "In the left panel, what does fine-tuning improve besides the share of right answers?",
    Choice("The price of a token", "Tokens cost what the vendor asks. You simply send fewer."),
    Choice(
        "The length of the prompt",
        "Yes. Nothing is left to explain, so each call carries the ticket and no more.",
        correct=True,
    ),
    Choice(
        "The freshness of what the model knows about products and their prices",
        "Look at the right panel: trained knowledge is as old as its training data.",
    ),
)

# %% [markdown]
# ## What it costs
#
# A provider charges for tokens: one price for those you send (**input**), a higher one for those the model writes
# (**output**), both per *million* tokens. On top there may be **fixed** costs: a search index, or a GPU that you rent
# by the hour whether it works or not.
#
# Here is a bill by hand. Each request sends 800 tokens and gets 50 back; a million tokens cost 2 dollars to send and
# 10 to receive. One request costs (800 × 2 + 50 × 10) / 1,000,000 = 0.0021 dollars. That looks like nothing. Send 100,000 a
# month, and it is 210 dollars.
#
# ### Exercise 2 · The monthly bill
#
# Write `monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0) -> float`:
#
# - `requests`: requests a month; `prompt_tokens` and `output_tokens`: tokens of **one** request;
# - `price_in` and `price_out`: US dollars per **million** tokens, sent and received; `fixed`: US dollars a month,
#   whatever the requests;
# - returns US dollars a month, not rounded.
#
# <details><summary>Hint 1</summary>
#
# First the cost of one request, in millionths of a dollar: tokens in times their price, plus tokens out times theirs.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Multiply by the requests, divide by 1,000,000, and add `fixed` once. It is a cost of the month, not of a request.
#
# </details>


# %% monthly_cost
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    """Return the US dollars of one month."""
    ### BEGIN SOLUTION
    per_request = (prompt_tokens * price_in + output_tokens * price_out) / 1_000_000
    return requests * per_request + fixed
    ### END SOLUTION


# %% test_monthly_cost points=2
import math

bill = monthly_cost(100_000, 800, 50, 2, 10)
assert bill is not None, "monthly_cost returned None: end it with `return`."
assert not math.isclose(bill, 210_000), (
    "You are a thousand times too dear: prices are per million tokens, not per thousand."
)
assert not math.isclose(bill, 0.0021), "That is one request. Multiply by the number of requests."
assert math.isclose(bill, 210, rel_tol=1e-6), f"The example above costs $210 a month, not {bill}."
bill = monthly_cost(100_000, 800, 50, 2, 10, fixed=70)
assert math.isclose(bill, 280, rel_tol=1e-6), f"With $70 fixed the month costs $280, not {bill}: add fixed once."
### BEGIN HIDDEN TESTS
import random

bill = monthly_cost(0, 800, 50, 2, 10, 70)
assert math.isclose(bill, 70, rel_tol=1e-6), f"A month without requests costs its fixed part, here $70, not {bill}."
bill = monthly_cost(1, 10, 1, 0.05, 0.08)
assert math.isclose(bill, 5.8e-7, rel_tol=1e-6), f"Do not round: one small request costs $0.00000058, not {bill}."
bill = monthly_cost(1_000, 400, 100, 1.5, 0)
assert math.isclose(bill, 0.6, rel_tol=1e-6), (
    f"Input and output tokens have prices of their own; this output is free, so $0.60, not {bill}."
)
rng = random.Random(12)
for _ in range(30):
    requests, prompt, output = rng.randint(1, 3_000_000), rng.randint(1, 9_000), rng.randint(1, 900)
    price_in, price_out, fixed = rng.uniform(0.01, 5), rng.uniform(5, 30), rng.choice([0, rng.uniform(1, 900)])
    bill = monthly_cost(requests, prompt, output, price_in, price_out, fixed)
    wanted = requests * prompt / 1e6 * price_in + requests * output / 1e6 * price_out + fixed
    case = f"monthly_cost({requests}, {prompt}, {output}, {price_in}, {price_out}, {fixed})"
    assert math.isclose(bill, wanted, rel_tol=1e-6), (
        f"{case} is {wanted}, not {bill}. Do all six numbers play their part?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ### When does training pay for itself?
#
# Training costs something **upfront**: labelling, computing, your time. Then each request is cheaper than before,
# because the prompt is shorter or the model smaller. The upfront cost is recovered, a little with every request. The
# number of requests after which it is recovered is the **break-even point**.
#
# A picture before the formula: one person starts with a debt and saves a cent a day. How many days until the debt is
# gone? Debt divided by daily saving. And if the saving is nothing, never.
#
# ### Exercise 3 · The break-even point
#
# Write `break_even_requests(upfront, cost_per_request_before, cost_per_request_after) -> float`, all in US dollars,
# none negative:
#
# - returns the number of requests after which the savings equal `upfront`, exact and **not** rounded up;
# - returns `math.inf` when *after* is not cheaper than *before*, whatever `upfront` is;
# - returns `0.0` when `upfront` is 0 and *after* is cheaper.
#
# <details><summary>Hint 1</summary>
#
# Compute the saving per request first: before minus after.
#
# </details>
# <details><summary>Hint 2</summary>
#
# If the saving is zero or negative, return `math.inf` before you divide. Equal costs count as *not cheaper*.
#
# </details>

# %% break_even_requests
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    """Return the number of requests after which the upfront cost is recovered."""
    ### BEGIN SOLUTION
    saving = cost_per_request_before - cost_per_request_after
    if saving <= 0:
        return math.inf
    return upfront / saving
    ### END SOLUTION


# %% test_break_even_requests points=2
import math

found = break_even_requests(500, 0.003, 0.001)
assert found is not None, "break_even_requests returned None: every branch needs a `return`."
assert found > 0, "The saving is before minus after: yours has the wrong sign."
assert math.isclose(found, 250_000, rel_tol=1e-6), (
    f"$500 at a saving of $0.002 a request takes 250,000 requests, not {found}."
)
assert break_even_requests(500, 0.001, 0.003) == math.inf, (
    "Each request became dearer, so the money never comes back: return math.inf."
)
assert break_even_requests(500, 0.002, 0.002) == math.inf, (
    "Equal costs save nothing: return math.inf instead of dividing by zero."
)
### BEGIN HIDDEN TESTS
import random

assert break_even_requests(0, 0.001, 0.003) == math.inf, (
    "math.inf when after is not cheaper, even when upfront is 0: ask about the saving first."
)
assert break_even_requests(0, 0.002, 0.002) == math.inf, (
    "math.inf when after is not cheaper: equal costs count, even when upfront is 0."
)
assert break_even_requests(0, 0.003, 0.001) == 0, "Nothing to recover and cheaper from the first request: 0.0."
assert break_even_requests(0, 0, 0) == math.inf, "Nothing is saved when both cost nothing: math.inf."
found = break_even_requests(1, 0.75, 0.25)
assert math.isclose(found, 2, rel_tol=1e-6), f"$1 at a saving of $0.50 takes 2 requests, not {found}."
found = break_even_requests(1, 4, 1)
assert math.isclose(found, 1 / 3, rel_tol=1e-6), (
    f"Do not round: $1 at a saving of $3 takes a third of a request, not {found}."
)
found = break_even_requests(900, 0.004, 0)
assert math.isclose(found, 225_000, rel_tol=1e-6), (
    f"after may be 0, for a model on your own machine: 225,000, not {found}."
)
rng = random.Random(13)
for _ in range(30):
    upfront, after, saving = rng.uniform(1, 9_000), rng.uniform(0, 0.01), rng.uniform(0.0001, 0.02)
    found = break_even_requests(upfront, after + saving, after)
    wanted = upfront / ((after + saving) - after)
    assert math.isclose(found, wanted, rel_tol=1e-6), (
        f"break_even_requests({upfront}, {after + saving}, {after}) is {wanted}, not {found}."
    )
### END HIDDEN TESTS

# %% [markdown]
# Your two functions turn the tokens you measured into money. Suppose 100,000 tickets a month, and 300 dollars for labelling
# and training. The price per token is the same on both sides here, so all that training saves is the longer prompt.

# %% tags=["skip-execution"]
from course.costs import load_prices

middle = load_prices()["models"][1]
output_tokens = len(base.tokenizer(triage_json(ticket))["input_ids"])
print(f"{middle['name']}: ${middle['input']} in and ${middle['output']} out per million tokens")
try:
    bills = [
        monthly_cost(100_000, score.prompt_tokens, output_tokens, middle["input"], middle["output"])
        for score in (shown, tuned)
    ]
    print(f"Instruction and examples: ${bills[0]:.2f} a month. Fine-tuned, ticket alone: ${bills[1]:.2f} a month.")
    requests_needed = break_even_requests(300, bills[0] / 100_000, bills[1] / 100_000)
    print(f"Training is paid for after {requests_needed:,.0f} requests, or {requests_needed / 100_000:.1f} months.")
except NotImplementedError:
    print("Solve exercises 2 and 3, then run this cell again.")

# %% [markdown]
# With a prompt as small as ours, the shorter prompt alone saves little. The large savings come from the other two
# changes that training makes possible: a smaller model, and no second call for answers that were useless. Try your own
# case.
#
# ### Explorer: what would it cost you?
#
# Put in your own numbers. The columns start from three ways of doing triage: a long prompt on a large hosted model;
# the same with retrieved documents and an index; and a short prompt on a small fine-tuned model on a rented GPU.
#
# Try this: set *Requests a month* to 1,000,000, then to 10,000. Then choose *Llama 8B, by token* in the
# last column. When does training stop paying? When does it pay at once?

# %% tags=["skip-execution"]
from course.costs import explore_costs

explore_costs()

# %% [markdown]
# The prices come from one dated file, `course/prices.json`, which names its sources. They will be out of date when
# you read this: type today's over them. Two things hold whatever the prices. A rented GPU costs the same idle or
# busy, so it wants many requests. And with few requests, even a large saving per request takes long to
# repay the work of training.
#
# ## The numbers that matter
#
# With your own measurements in hand, here are the planning ranges in full:
#
# | metric | prompt engineering | RAG | fine-tuning |
# |---|---|---|---|
# | **set-up time** | hours | 1–2 weeks | 2–4 weeks |
# | **ongoing cost** | high (long prompts) | medium (embeddings and retrieval) | low (shorter prompts, smaller model) |
# | **upfront cost** | about 0 dollars | 500–5,000 dollars (infrastructure) | 50–5,000 dollars (compute) |
# | **latency** | baseline plus the prompt's tokens | plus 200–500 ms (retrieval) | same or faster (smaller model) |
# | **knowledge freshness** | real-time | near real-time | static (needs retraining) |
# | **consistency of behaviour** | medium | medium | high |
#
# *Again: planning ranges that this course started from. Of these rows you have measured latency, freshness and
# consistency yourself, and you can compute the costs. One entry needs a word: a prompt is "real-time" because
# whatever you write into it is known at once. The work of writing it is yours.*
#
# ## The hybrid: what good teams do in 2026
#
# Look at the scoreboard again. Neither approach fills both panels, and you need not choose. Each part of a request
# can do what it is best at:
#
# | part | carries | changes |
# |---|---|---|
# | **the weights** (fine-tuning) | style, behaviour, format | rarely: when you retrain |
# | **the documents** (RAG) | up-to-date facts | with every update of the source |
# | **the prompt** | instructions for the task at hand | whenever you like |
#
# A support system built that way: Mistral 7B, fine-tuned on 2,000 examples of ideal replies, for tone and format. RAG
# pulls product documentation and prices when a question comes. And the system prompt names the current promotion or
# the season. Here is what one of its requests looks like:

# %% tags=["skip-execution"]
request = [
    {"role": "system", "content": "This week: free shipping on tents."},  # the prompt: this week's task
    {"role": "user", "content": grounded_prompt(few[0]["question"], few[0]["document"])},  # RAG: today's facts
]  # … sent to a fine-tuned model: tone and format are in its weights, and need no word here
for message in request:
    print(f"[{message['role']}]\n{message['content']}\n")

# %% [markdown]
# This is why a fine-tuned 7B model with retrieval often beats a 70B model with a prompt ("7B": seven billion
# weights): it costs less, answers sooner, and does the one task better. "Often" is this course's rule of thumb. You
# build such a system in lesson 8, and measure whether it holds.
#
# ## What 2026 knows
#
# - **Small and trained can beat large and prompted.** Across 31 tasks and 10 base models, 310 models fine-tuned in
#   four bits beat their bases by 34 points, and GPT-4 by 10 points, on average ([LoRA Land, arXiv
#   2405.00732](https://arxiv.org/abs/2405.00732)). On average: not on every task.
# - **Facts belong in documents.** You saw it above, with the papers: [2312.05934](https://arxiv.org/abs/2312.05934)
#   and [2405.05904](https://arxiv.org/abs/2405.05904).
# - **A rented fine-tune can be withdrawn; an adapter on open weights is yours.** In May 2026 OpenAI announced that it
#   winds down its self-serve fine-tuning: no new training jobs after January 6, 2027, and fine-tuned models run only
#   until their base is retired ([its deprecations page](https://developers.openai.com/api/docs/deprecations)). Cohere
#   had deprecated its own in September 2025 ([its docs](https://docs.cohere.com/docs/chat-fine-tuning)). The adapters you
#   train here are files on your disk.
# - **Training can weaken safety, even when you mean no harm.** Fine-tuning on ordinary, benign data made aligned
#   models more willing to follow harmful requests ([arXiv 2310.03693](https://arxiv.org/abs/2310.03693)). So test
#   safety before and after. Lesson 7 does.
# - **It has become cheap.** Training costs keep falling: QLoRA fits on the free GPU of Colab, and you just trained on
#   whatever you have.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "A team fine-tunes on 3,000 harmless support replies. What should it test before release, besides the replies?",
    Choice(
        "Whether the model still refuses what it should refuse",
        "Yes. Benign fine-tuning alone can weaken safety (arXiv 2310.03693).",
        correct=True,
    ),
    Choice(
        "Whether the vendor's price per token has changed since the training began",
        "Good to know, but it is no property of the model.",
    ),
    Choice(
        "Nothing more: harmless data leaves a model harmless",
        "That is what one would expect, and it was measured to be false.",
    ),
)

# %% [markdown]
# ## The decision framework
#
# Put together, it is three questions, in this order:
#
# 1. **Is a good prompt enough?** Measure it, on examples you did not use to write it. If so, stop.
# 2. **What is still wrong: behaviour or knowledge?** If knowledge, retrieve. Ask "would a perfect document in the
#    prompt fix this answer?"
# 3. **If behaviour: do you have the examples?** With 50 to 100 good ones or more, train. With fewer, stay with the
#    prompt and collect them.
#
# If both are wrong, build the hybrid: retrieval first, and training once you have the examples.
#
# ### Explorer: which approach fits?
#
# Answer for a project of yours. The tree shows the road that your answers take, and the text below it gives the
# reason.

# %% tags=["skip-execution"]
from course.decision import explore_decision

explore_decision()

# %% [markdown]
# ### Exercise 4 · The framework as a function
#
# Write `choose_approach(problem) -> str`. `problem` is a dict with
#
# - `prompt_is_enough`: `True` or `False`;
# - `gap`: `"behaviour"`, `"knowledge"` or `"both"`;
# - `examples`: how many good examples you have, an `int`;
# - perhaps other keys, which you ignore.
#
# It returns one of `"prompt"`, `"rag"`, `"fine-tune"` and `"hybrid"`, spelled like this:
#
# | | with at least 50 examples | with fewer |
# |---|---|---|
# | the prompt is enough | `"prompt"` | `"prompt"` |
# | gap: knowledge | `"rag"` | `"rag"` |
# | gap: behaviour | `"fine-tune"` | `"prompt"` |
# | gap: both | `"hybrid"` | `"rag"` |
#
# <details><summary>Hint 1</summary>
#
# Ask in the framework's order: the prompt first, whatever the rest says.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Exactly 50 is "at least 50". And read the dict with `problem["gap"]`; do not `pop` from it, because it belongs to
# the caller.
#
# </details>


# %% choose_approach
def choose_approach(problem):
    """Return the approach that the decision framework recommends for a problem."""
    ### BEGIN SOLUTION
    if problem["prompt_is_enough"]:
        return "prompt"
    enough = problem["examples"] >= 50
    if problem["gap"] == "behaviour":
        return "fine-tune" if enough else "prompt"
    if problem["gap"] == "both":
        return "hybrid" if enough else "rag"
    return "rag"
    ### END SOLUTION


# %% test_choose_approach points=2
triage = {"prompt_is_enough": False, "gap": "behaviour", "examples": 2000}
prices = {"prompt_is_enough": False, "gap": "knowledge", "examples": 0}
found = choose_approach(triage)
assert isinstance(found, str), "Return one of the four strings; yours returned something else, or nothing."
assert found == "fine-tune", (
    f"Behaviour, with 2,000 examples: 'fine-tune', spelled with a hyphen; yours said {found!r}."
)
assert choose_approach(prices) == "rag", "A knowledge gap calls for 'rag'."
assert choose_approach(prices | {"examples": 5000}) == "rag", (
    "A knowledge gap calls for 'rag', however many examples there are: trained facts go stale."
)
assert choose_approach(triage | {"prompt_is_enough": True}) == "prompt", (
    "When the prompt is enough, stop there: ask this first."
)
assert choose_approach(triage | {"examples": 12}) == "prompt", (
    "Twelve examples are too few to train on: stay with 'prompt' and collect more."
)
### BEGIN HIDDEN TESTS
base = {"prompt_is_enough": False, "gap": "both", "examples": 50}
assert choose_approach(base) == "hybrid", "Exactly 50 examples are 'at least 50': both gaps call for 'hybrid'."
assert choose_approach(base | {"gap": "behaviour"}) == "fine-tune", (
    "Exactly 50 examples are 'at least 50': behaviour calls for 'fine-tune'."
)
assert choose_approach(base | {"examples": 49}) == "rag", (
    "Both gaps and 49 examples: retrieve now, train later, so 'rag'."
)
assert choose_approach(base | {"gap": "behaviour", "examples": 49}) == "prompt", "Behaviour and 49 examples: 'prompt'."
for gap in ("behaviour", "knowledge", "both"):
    for examples in (0, 49, 50, 51, 100_000):
        problem = {"examples": examples, "gap": gap, "prompt_is_enough": True}
        assert choose_approach(problem) == "prompt", f"When the prompt is enough, nothing else matters: {problem}"
        enough = examples >= 50
        wanted = {"behaviour": ("prompt", "fine-tune"), "knowledge": ("rag", "rag"), "both": ("rag", "hybrid")}[gap][
            enough
        ]
        problem = {
            "prompt_is_enough": False,
            "gap": gap,
            "examples": examples,
            "budget": 0,
            "latency": "critical",
            "name": "x",
        }
        found = choose_approach(problem)
        assert found == wanted, f"Other keys are ignored: {problem} calls for {wanted!r}, not {found!r}."
### END HIDDEN TESTS

# %% [markdown]
# ## Key takeaways
#
# - **Fine-tuning changes behaviour** (style, format, classification). **RAG changes knowledge.** Do not confuse them.
# - **Always try prompting first.** If a better prompt solves the problem, do not fine-tune.
# - **The hybrid is the standard of 2026**: train for behaviour, retrieve for knowledge, prompt for the task at hand.
# - **Small, trained models regularly outperform models ten times their size on specific tasks**: fine-tuned 3B–7B
#   against base models of 70B and more (a rule of thumb; for averages see [LoRA
#   Land](https://arxiv.org/abs/2405.00732)).
# - **The cost of fine-tuning is falling fast.** QLoRA on Colab's free GPU is now possible, and you have trained two
#   adapters in this lesson.
# - **Measure.** "Valid" is not "right", and a share without a count of calls tells you little.
#
# ## Knowledge check
#
# Eight questions. Passing takes 80 %, and it is what marks this lesson complete. You may try as often as you like.

# %% tags=["skip-execution"]
# @title Knowledge check
from course import Question, knowledge_check

knowledge_check(
    "lesson01_why_finetune",
    Question(
        "You have a new task for a language model. What do you do first?",
        Choice(
            "Collect a thousand labelled examples, because you will need them in any case",
            "You will not need them if a prompt does the job. Find out first.",
        ),
        Choice(
            "Write a good prompt, and measure it on examples that you did not use to write it",
            "Yes. It takes hours, costs about nothing, and often ends the story.",
            correct=True,
        ),
        Choice(
            "Set up a vector database",
            "That is an answer to a knowledge gap, and you do not know yet that you have one.",
        ),
    ),
    Question(
        "A legal assistant must cite the current version of each regulation. Which approach carries the regulations?",
        Choice("RAG", "Yes. The text changes, and a retrieved document can be named as the source.", correct=True),
        Choice(
            "Fine-tuning on the regulations",
            "A trained copy goes stale, and weights cannot say which document they learned from.",
        ),
        Choice("A system prompt in the tone of a lawyer", "It sets the tone. It brings no regulation with it."),
        Choice("A lower temperature", "Drawing less freely adds no knowledge."),
    ),
    Question(
        "Three examples in the prompt made 95 % of the answers valid. Why can that still be too little?",
        Choice(
            "Because examples in a prompt change the weights of the model a little each time",
            "They do not. Prompts never change weights.",
        ),
        Choice("Because valid JSON is slower to produce", "The format of an answer does not make it slow."),
        Choice(
            "Because 5 % of 1,000 calls is 50 broken answers, and every call pays for the examples again",
            "Yes. A small share of many calls is many failures.",
            correct=True,
        ),
    ),
    Question(
        "An adapter was trained on this year's price list, and answers it perfectly. Next year's list comes out. What do you expect from memory?",
        Choice(
            "It answers about half of the questions, since half of the prices stay similar",
            "It has seen none of the new prices. A similar price is a wrong price.",
        ),
        Choice("It says that it does not know", "Nobody taught it to. It answers as fluently as before."),
        Choice(
            "It quotes the old prices, confidently", "Yes. Training stored a copy, and copies go stale.", correct=True
        ),
        Choice("It refuses all questions about prices", "Training on prices does not teach a model to refuse them."),
    ),
    Question(
        "You have 20 good examples of the behaviour you want, and prompting is not enough yet. What now?",
        Choice(
            "Fine-tune on the 20 examples for as long as the training loss keeps falling",
            "It would learn these 20 by heart and little else.",
        ),
        Choice(
            "Keep improving the prompt, and collect examples",
            "Yes. Below 50 to 100 good examples, training is not the next step.",
            correct=True,
        ),
        Choice("Switch to RAG", "Retrieval fills a gap in knowledge. Yours is in behaviour."),
    ),
    Question(
        "Training costs $600, and saves $0.002 a request. You serve 20,000 requests a month. When has it paid for itself?",
        Choice("After 15 months", "Yes. $600 / $0.002 = 300,000 requests, and 20,000 come each month.", correct=True),
        Choice("After a month and a half", "Ten times too soon: 20,000 requests save $40 a month."),
        Choice(
            "Never, because training costs more than a prompt",
            "It does cost more upfront. Each request then pays a little of that back.",
        ),
    ),
    Question(
        "Why may a fine-tuned 7B model be both cheaper and faster than a prompted 70B model on one task?",
        Choice(
            "Because fine-tuning removes the weights that the task does not need",
            "Training removes nothing. An adapter even adds a few weights.",
        ),
        Choice(
            "Because providers do not charge for the tokens of fine-tuned models",
            "They do. You send fewer, at a lower price each.",
        ),
        Choice("Because a small model has seen newer data", "Its age has nothing to do with its size."),
        Choice(
            "It is a tenth of the size, and its prompt is shorter",
            "Yes. Fewer weights to compute for each token, and fewer tokens to read.",
            correct=True,
        ),
    ),
    Question(
        "A support bot must answer in the brand's voice, and with today's stock levels. It has 1,500 good replies to learn from. What do you build?",
        Choice(
            "An adapter trained on the replies and on the stock levels of the last twelve months",
            "The voice will hold. The stock levels are wrong by tomorrow.",
        ),
        Choice(
            "Retrieval over the replies and the stock levels",
            "The facts will be fresh. Retrieved replies do not make a voice consistent.",
        ),
        Choice(
            "A hybrid: an adapter for the voice, and the stock levels retrieved when a question comes",
            "Yes. The voice goes into the weights, the stock levels into the prompt.",
            correct=True,
        ),
    ),
    pass_mark=0.8,
)

# %% tags=["skip-execution"]
import course

course.progress()

# %% [markdown]
# ## What comes next
#
# Now you know *when* to fine-tune. In **lesson 2** you learn *how*: the methods. Supervised fine-tuning, RLHF and
# DPO: what each of them does, how they differ, and when to pick which. You will train Juniper's voice with two of
# them, and hear the difference.
