# %% [markdown]
# # Lesson 8 · Ship it: the hybrid, end to end
#
# **Where lesson 7 left you.** You have an adapter that is better, that is known to be, and that kept what it must keep.
# It lives in a notebook. Nobody's ticket is answered by a notebook.
#
# **After this lesson you can**
#
# 1. build the hybrid: retrieval for the facts, an adapter for the behaviour, a prompt for the task, and a router that
#    decides which message needs what;
# 2. merge an adapter without spoiling it, and write it in the formats that servers read;
# 3. say how many adapters share one GPU, and what a thousand requests cost;
# 4. watch a model in service, and tell drift from chance;
# 5. walk the whole road alone, from the data to a gate: the capstone.
#
# **Time and hardware.** About two hours of yours, the capstone included. The machine works for about 3 minutes of them
# on two CPU cores, with no GPU (a cell near the end says how long yours took). On a free T4 the same cells run on a
# larger model; plan half an hour of computing for it (a plan, not a measurement).

# %% setup

# %% [markdown]
# ## The problem, in one page
#
# Juniper has one mail address. So its inbox is mixed: some customers report a problem, some ask for a price, some do
# both at once. Here are three messages, and what each of them needs.

# %% tags=["skip-execution"]
import time

from course.data import price_list, triage_messages
from course.data.inbox import draw_inbox

started = time.perf_counter()
for wanted in ("triage", "facts", "both"):
    message = next(row for row in draw_inbox(40, seed=802) if row["label"] == wanted)
    print(f"{wanted:<7} {message['text']}\n")

# %% [markdown]
# A problem must be *sorted* for the desk (lesson 6's JSON) and *answered* in Juniper's voice (lesson 2). A question
# wants *today's* price, which no model can know (lesson 1). These are the three jobs that have run through this course,
# and now they arrive in one stream.
#
# And the prices have changed again: a new list came in this morning.

# %% tags=["skip-execution"]
old, new = price_list(2026), price_list(2027)  # the list of your training days, and this morning's
unchanged = sum(old[name][field] == new[name][field] for name in new for field in ("price", "warranty"))
print(f"{len(new)} products. Prices and warranties that are what they were: {unchanged} of {2 * len(new)}.")

# %% [markdown]
# So whoever knew last year's list by heart, model or man, gets none of these questions right. On the other hand, a list
# does not sort tickets.
#
# So you need both: something that sorts and sounds right, and something that looks up. Begin with the sorting. Your
# adapter of lesson 6 has never seen a ticket that ends in a question for a price. **Train on what you will serve**: the
# next cell repeats lesson 6's run on messages of this inbox, a little shorter.

# %% tags=["skip-execution"]
import gc

import torch
from datasets import Dataset

from course.data.desk import price_lines, triage_rows
from course.figures import show
from course.live import LiveTraining
from course.models import generate, load_base
from course.own_adapter import load_with_adapter
from course.training import save_adapter, train_adapter

SETTINGS = {  # by tier: how long the runs are, and how many messages fit a coffee break
    "bundled": dict(triage=96, reply=72, rank=8, triage_rate=3e-3, reply_rate=4e-3, batch=16, accumulation=1, messages=180),
    "t4": dict(triage=60, reply=60, rank=16, triage_rate=2e-4, reply_rate=2e-4, batch=4, accumulation=4, messages=120),
    "t4-large": dict(triage=60, reply=60, rank=16, triage_rate=2e-4, reply_rate=2e-4, batch=2, accumulation=8, messages=120),
}  # fmt: skip
chosen = SETTINGS[tier.name]


def train(rows, folder, title, steps, rate):
    """Train an adapter on a fresh base with these prompt-completion rows, save it, and return its folder."""
    run = train_adapter(
        load_base(tier, four_bit=True), Dataset.from_list(rows).shuffle(seed=0), folder, steps=steps,
        rank=chosen["rank"], learning_rate=rate, callbacks=[LiveTraining(title)],
        per_device_train_batch_size=chosen["batch"], gradient_accumulation_steps=chosen["accumulation"],
    )  # fmt: skip
    return save_adapter(run.model, tier, folder)


triage_folder = train(
    triage_rows(1_500, seed=800), "lesson08_runs/triage", "Triage", chosen["triage"], chosen["triage_rate"]
)

# %% [markdown]
# It was trained for one job. What does it make of a mere question for a price, with the right line of the list in the
# prompt?

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
from course import Choice, Question, quick_check

quick_check(
    "A triage adapter gets a customer's question for a price, and the price in the prompt. What does it answer?",
    Choice(
        "The price: it is in the prompt, and the base can read",
        "The base can, but the adapter changed what comes next.",
    ),
    Choice(
        "Mostly a triage object",
        "Yes. It learned what follows a message, whatever the message. Lesson 7 saw it.",
        correct=True,
    ),
    Choice("A refusal", "Nothing taught it to refuse; it rather forgot how."),
)

# %% tags=["skip-execution"]
lines = price_lines(new)  # one document a product
questions = [row for row in draw_inbox(60, seed=803, year=2027) if row["label"] == "facts"][:12]
right_line = {row["product"]: line for row in questions for line in lines if line.startswith(row["product"])}
alone = load_with_adapter(tier, triage_folder)
asked = [[{"role": "user", "content": f"{right_line[row['product']]}\n\n{row['text']}"}] for row in questions]
answers = generate(alone.model, alone.tokenizer, asked, temperature=0)
for row, answer in list(zip(questions, answers, strict=True))[:3]:
    print("Customer:", row["text"], "\nAdapter: ", answer, "\n")
print(f"{sum(answer.startswith('{') for answer in answers)} of {len(answers)} answers are an object.")
length = len(alone.tokenizer("\n".join(lines))["input_ids"])
print(
    f"By the way: the whole list has {length} tokens, and this model reads {alone.model.config.max_position_embeddings:,} at most."
)
del alone

# %% [markdown]
# It sorts everything, since that is what it learned. **An adapter belongs where its job is, and nowhere else.** So the
# product is not "the model". It is a small system around it:
#
# ```text
#                       ┌─ message ────────────────→ triage adapter ──→ the desk      (triage, both)
#  message ──→ route ───┼─ message ────────────────→ reply adapter ───→ the customer  (triage, both: comfort)
#                       └─ message ──→ retrieve ───→ reply adapter ───→ the customer  (facts, both: the fact)
# ```
#
# | you need | to | section |
# |---|---|---|
# | retrieval, a prompt, a router, a second adapter | answer the inbox | 1 |
# | merging, formats | hand the weights to a server | 2, 3 |
# | many adapters on one base, a bill | pay for it | 4, 5 |
# | a card, a watch | keep it running | 6 |
# | a script | outgrow this machine | 7 |
# | all of it | prove that you can: the capstone | 8 |

# %% [markdown]
# ## 1 · The hybrid
#
# ### Retrieval for the facts
#
# The list has 48 lines. You counted: the bundled model just cannot read them all at once, and a real shop has
# thousands. So for each message you look up the few lines that matter. The oldest way still works well where people
# name what they mean: compare **words**.
#
# Count the words of each document. A word that occurs in every document (*costs*) says nothing about which one you
# want, and a word that occurs in one (*kayak*) says it all. So weigh each count by how rare the word is. scikit-learn's
# `TfidfVectorizer` takes, for a word in `df` of `n` documents:
#
# > idf = ln((1 + n) / (1 + df)) + 1
#
# On paper: two documents, "lynx tarp" and "lynx stove". *lynx* is in both: ln(3/3) + 1 = 1. *tarp* is in one: ln(3/2) +
# 1 = 1.405. So "lynx tarp" is the list of numbers (lynx 1, tarp 1.405, stove 0), a **vector**. Divide it by its length,
# √(1² + 1.405²) = 1.725, and it has length 1. Then how much two texts have in common is the sum of the products, number
# by number: the **cosine** of the angle between them. The same text gives 1, no common word gives 0. This is
# **TF-IDF**, for *term frequency, inverse document frequency*.

# %%
import math

idf = {"lynx": math.log(3 / 3) + 1, "tarp": math.log(3 / 2) + 1}
length = math.hypot(*idf.values())
print(
    f"'where is my tarp' has one known word, so its vector is (tarp 1). Cosine with 'lynx tarp': {idf['tarp'] / length:.3f}"
)

# %% [markdown]
# Words that no document has, such as *where*, are dropped. And by default a word has at least two letters, in lower
# case.
#
# (Larger systems compare *meanings*, by embeddings, and often both. The code around them stays the same.)
#
# ### Exercise 1 · Retrieve
#
# Write `top_k(query, documents, k)`.
#
# - **Input:** `query`, a string; `documents`, a list of at least one string with words in it; `k`, an int, at least 1.
# - **Output:** a list of ints: the indices of the `k` documents that are most similar to the query, best first. The
#   similarity is the cosine under scikit-learn's `TfidfVectorizer` with its defaults, fitted on the documents.
# - Documents whose similarity is equal when rounded to 10 decimals come in the order of their index. So a document with
#   similarity 0 comes last, by its index.
# - `k` beyond the number of documents returns all of them.
#
# <details><summary>Hint 1</summary>
#
# `vectorizer = TfidfVectorizer().fit(documents)`. Then `vectorizer.transform(documents)` has one row a document, of
# length 1, and `vectorizer.transform([query])` one row for the query. So the cosines are a matrix product.
# </details>
# <details><summary>Hint 2</summary>
#
# The rows are sparse (stored without their zeros). `(rows @ row.T).toarray().ravel()` is an ordinary array of cosines;
# round it with `.round(10)`.
# </details>
# <details><summary>Hint 3</summary>
#
# Sort the indices with a key of two parts: `sorted(range(len(documents)), key=lambda i: (-cosines[i], i))[:k]`. It is
# what keeps ties in order; `argsort` reversed would turn them round.
# </details>

# %%
from sklearn.feature_extraction.text import TfidfVectorizer


# %% top_k
def top_k(query, documents, k):
    """Indices of the k documents most similar to the query, best first."""
    ### BEGIN SOLUTION
    vectorizer = TfidfVectorizer().fit(documents)
    cosines = (vectorizer.transform(documents) @ vectorizer.transform([query]).T).toarray().ravel().round(10)
    return sorted(range(len(documents)), key=lambda index: (-cosines[index], index))[:k]
    ### END SOLUTION


# %% test_top_k points=3
shelf = ["lynx stove costs little", "lynx tarp costs more", "maple kayak costs most"]
found = top_k("what does the maple kayak cost", shelf, 1)
assert list(found) == [2], "Only the third document has a maple kayak: return a list with its index, 2, not the text."
assert list(top_k("a tarp for the lynx", shelf, 2)) == [1, 0], (
    "Best first: the second document shares two words with the query, the first only one."
)
assert list(top_k("lynx", shelf, 3)) == [0, 1, 2], (
    "The first two are equally similar, so they come by index; the third has similarity 0 and comes last."
)
assert list(top_k("umbrella", shelf, 9)) == [0, 1, 2], (
    "Nothing is similar, and k is larger than the shelf: all documents, by index."
)
### BEGIN HIDDEN TESTS
import math
import random
import re

assert list(top_k("costs costs costs kayak", ["kayak costs", "costs costs", "tent"], 3)) == [1, 0, 2], (
    "Words count as often as they occur, in the query too."
)
assert list(top_k("Lynx TARP", shelf, 1)) == [1], "Capitals do not matter: TfidfVectorizer's default lower-cases."
assert list(top_k("sun x rain", ["x x x rain", "sun sun rain"], 1)) == [1], (
    "A word of one letter is no word for TfidfVectorizer's defaults."
)
draw = random.Random(80)
words = [f"word{number}" for number in range(14)]
for _ in range(25):
    documents = [" ".join(draw.choices(words, k=draw.randint(2, 9))) for _ in range(draw.randint(2, 12))]
    query, k = " ".join(draw.choices([*words, "unknown"], k=draw.randint(1, 6))), draw.randint(1, 14)
    split = [re.findall(r"\b\w\w+\b", text) for text in documents]
    known = sorted(set().union(*split))
    weight = {w: math.log((1 + len(split)) / (1 + sum(w in one for one in split))) + 1 for w in known}
    vectors = [[weight[w] * tokens.count(w) for w in known] for tokens in [*split, re.findall(r"\b\w\w+\b", query)]]
    lengths = [math.sqrt(sum(x * x for x in vector)) or 1.0 for vector in vectors]
    cosines = [
        round(sum(a * b for a, b in zip(vector, vectors[-1], strict=True)) / (size * lengths[-1]), 8)
        for vector, size in zip(vectors[:-1], lengths, strict=False)
    ]
    if len({round(c, 6) for c in cosines}) < len(set(cosines)):
        continue  # too close to call in floating point
    wanted = sorted(range(len(documents)), key=lambda index: (-cosines[index], index))[:k]
    kept = list(documents)
    found = list(top_k(query, documents, k))
    assert documents == kept, "Leave the documents as they are."
    assert found == wanted, (
        f"{wanted} are the best {k} for {query!r}, not {found}: fit on the documents alone, compare cosines, and keep ties "
        "in the order of the index."
    )
    assert all(type(index) is int for index in found), "Return Python ints: int(index) makes one of a NumPy number."
### END HIDDEN TESTS

# %% [markdown]
# How good is it here? Look for each message's own product among the documents that it brings.

# %% tags=["skip-execution"]
asks = [row for row in draw_inbox(200, seed=804, year=2027) if row["label"] != "triage"]
for k in (1, 2, 3):
    hits = sum(any(lines[i].startswith(row["product"]) for i in top_k(row["text"], lines, k)) for row in asks)
    print(f"k = {k}: the right line is among them for {hits} of {len(asks)} messages")

# %% [markdown]
# Here one line is enough, since customers call a product what the list calls it. Where they write *the red tent*, words
# fail, and you would take more lines, or embeddings. More lines cost tokens, and give the reader more to confuse.
#
# **What retrieval does not bring, a model can only guess.** So this number bounds everything that follows. Measure it
# first.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "Your system states wrong prices for 8 % of the questions, and retrieval misses the right line for 7 %. What next?",
    Choice("Train the adapter for longer", "It can fix at most the one per cent that was there to be read."),
    Choice(
        "Improve retrieval: more lines, or other features",
        "Yes. It is where nearly all the errors come from.",
        correct=True,
    ),
    Choice("A larger base model, which knows more products", "It cannot know a price that was set this morning."),
)

# %% [markdown]
# ### A prompt for the task
#
# What was found goes before the question, as in lesson 1. This is a small function, and systems fail by it: a document
# that was cut, a question that came first, an empty heading where nothing was found.
#
# ### Exercise 2 · Build the prompt
#
# Write `build_prompt(question, documents)`.
#
# - **Input:** `question`, a string; `documents`, a list of strings, possibly empty.
# - **Output:** one string that contains each document once, unchanged, in the given order, and after them the question,
#   unchanged. Headings and separators of yours are allowed.
# - Without documents it returns the question alone, with nothing added.
#
# <details><summary>Hint 1</summary>
#
# `"\n\n".join(parts)` puts an empty line between parts.
# </details>
# <details><summary>Hint 2</summary>
#
# Make one list of all parts: the documents, then the question. For an empty list of documents there is then only the
# question, and nothing is joined.
# </details>


# %% build_prompt
def build_prompt(question, documents):
    """The documents, then the question; the question alone where there are none."""
    ### BEGIN SOLUTION
    return "\n\n".join([*documents, question])
    ### END SOLUTION


# %% test_build_prompt points=2
pages = ["Lynx tarp costs $150.", "Maple kayak costs $390."]
text = build_prompt("What does the tarp cost?", pages)
assert all(text.count(page) == 1 for page in pages), "Each document stands in the prompt once, unchanged."
assert text.index(pages[0]) < text.index(pages[1]), "Keep the documents in the given order: the best one comes first."
assert text.index(pages[1]) < text.index("What does the tarp cost?"), "The question comes after the documents."
assert build_prompt("Where is my parcel?", []) == "Where is my parcel?", (
    "Without documents, return the question alone: a heading over nothing confuses the model."
)
### BEGIN HIDDEN TESTS
import random

draw = random.Random(81)
for _ in range(20):
    pages = [f"  Page {draw.random()}:\n\tcosts ${draw.randint(1, 99)}. " for _ in range(draw.randint(1, 6))]
    question = f" How much, {draw.random()}?\n"
    kept = list(pages)
    text = build_prompt(question, pages)
    assert pages == kept, "Leave the list of documents as it is."
    places = [text.find(page) for page in pages]
    assert min(places) >= 0 and question in text, "Documents and question go in verbatim: do not strip or cut them."
    assert places == sorted(places), "Documents in the given order."
    assert text.rindex(question) >= places[-1] + len(pages[-1]), "The question comes after the last document."
    assert all(text.count(page) == 1 for page in pages), "Each document once."
assert build_prompt("  Spaces? \n", []) == "  Spaces? \n", "Without documents the question is returned as it is."
### END HIDDEN TESTS

# %% [markdown]
# ### A router
#
# Which message needs what? You could ask a language model. But it is called for every message, and here a few lines of
# Python, or a tiny classifier, will do it in under a millisecond. `draw_inbox` draws messages with their labels. Look
# at some.

# %% tags=["skip-execution"]
labelled = draw_inbox(600, seed=810)
for row in labelled.select(range(9)):
    print(f"{row['label']:<7} {row['text']}")

# %% [markdown]
# The obvious rule is: price words mean `facts`, trouble words mean `triage`, and both mean `both`. Try it before you
# trust it.


# %% tags=["skip-execution"]
def obvious(message):
    """What everybody writes first."""
    text = message.lower()
    money = any(word in text for word in ("price", "cost", "how much", "warranty", "pay", "charge"))
    trouble = any(
        word in text for word in ("broke", "refund", "return", "size", "parcel", "charged", "torn", "invoice")
    )
    return "both" if money and trouble else "facts" if money else "triage"


right = sum(obvious(row["text"]) == row["label"] for row in labelled)
print(f"The obvious rule is right for {right / len(labelled):.0%} of {len(labelled)} messages. For instance not here:")
for label in ("facts", "triage", "both"):
    for row in [row for row in labelled if row["label"] == label != obvious(row["text"])][:2]:
        print(f"  {label:<7} taken for {obvious(row['text']):<7} {row['text']}")

# %% [markdown]
# People mention prices without asking for one, and troubles that they do not have. And they report real trouble in
# words that nobody listed.
#
# ### Exercise 3 · Route
#
# Write `route(message)`.
#
# - **Input:** `message`, a string: what one customer wrote.
# - **Output:** one of the strings `"facts"`, `"triage"` and `"both"`.
# - It must be right for at least 90 % of messages that you have not seen, drawn like those of `draw_inbox` with another
#   seed. Draw as many labelled ones as you like; about a third has each label.
# - Rules or a classifier: both can do it. What you train, train once, outside the function, and with a fixed seed. A
#   test calls it some hundred times.
#
# <details><summary>Hint 1: with a classifier</summary>
#
# `make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000))` learns it from examples. Measure on
# messages of another seed, and see how the score grows with the number of examples: 100 are far too few.
# </details>
# <details><summary>Hint 2: with a classifier</summary>
#
# A classifier returns NumPy strings: `str(router.predict([message])[0])` is a built-in one. Draw 1,500 messages for it.
# </details>
# <details><summary>Hint 3: with rules</summary>
#
# Decide two questions one by one. *Does it ask for a fact?* Look for the wordings of questions ("how much", "cost?",
# …), not for the word price. *Does it report a problem?* Take out the sentence that asks, and the sentences that mean
# nothing, and see whether anything is left.
# </details>

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from course.data.inbox import draw_inbox


# %% route
### BEGIN SOLUTION
drawn = draw_inbox(1_500, seed=810)
router = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000)).fit(drawn["text"], drawn["label"])
### END SOLUTION


def route(message):
    """What a message needs: "facts", "triage" or "both"."""
    ### BEGIN SOLUTION
    return str(router.predict([message])[0])
    ### END SOLUTION


# %% test_route points=3
from course.data.inbox import draw_inbox as draw_messages

fresh = [(row["text"], row["label"]) for row in draw_messages(150, seed=811)]
routed = [(route(text), label, text) for text, label in fresh]
assert all(found in ("facts", "triage", "both") for found, _, _ in routed), (
    "Return one of the strings 'facts', 'triage' and 'both', in lower case."
)
wrong = [f"{text!r} is {label}, not {found}" for found, label, text in routed if found != label]
assert len(wrong) <= 15, f"{150 - len(wrong)} of 150 fresh messages are right; it takes 135. For instance: {wrong[0]}."
### BEGIN HIDDEN TESTS
from course.data import grading_seed

unseen = [(row["text"], row["label"]) for row in draw_messages(300, seed=grading_seed() + 8)]
routed = [(route(text), label) for text, label in unseen]
for wanted in ("facts", "triage", "both"):
    hits = [found == label for found, label in routed if label == wanted]
    assert sum(hits) >= 0.5 * len(hits), f"Most messages of the kind {wanted!r} go astray: look at some of them."
share = sum(found == label for found, label in routed) / len(routed)
assert share >= 0.9, f"{share:.0%} of messages that you have not seen are routed right; it takes 90 %. Train on more."
again = [route(text) for text, _ in unseen[:40]]
assert again == [found for found, _ in routed[:40]], "Equal messages go the same way, whatever was asked before."
### END HIDDEN TESTS

# %% [markdown]
# ### An adapter for the behaviour
#
# One adapter is missing: the one that writes to customers. What should it learn? To console in Juniper's voice. And to
# *read*: to find in the documents what the customer asked for, however they put it.
#
# It must not learn the prices. If its examples held the real list, it could memorize 48 lines, and would need the
# documents no more, until they change. So in each of its examples **the prices are invented**, others each time. Then
# memory is worthless, and only reading pays. (A fuller recipe, with wrong documents among the right ones, is RAFT:
# [arXiv 2403.10131](https://arxiv.org/abs/2403.10131).)
#
# The task stands in the prompt: an instruction asks for comfort, documents and a message ask for an answer. A message
# that needs both gets both, in two calls. Here is an example of each, made with *your* retriever and *your* prompt, so
# that it learns from what it will get.

# %% tags=["skip-execution"]
from course.data.desk import reply_rows

reply_examples = reply_rows(1_000, seed=820, retrieve=top_k, prompt=build_prompt)
consoling = [row for row in reply_examples if row["prompt"][0]["content"].startswith("Reply")]
reading = [row for row in reply_examples if row not in consoling]
for row in (consoling[0], reading[0]):
    print(row["prompt"][0]["content"], "\n→", row["completion"][0]["content"], "\n")

# %% tags=["skip-execution"]
reply_folder = train(reply_examples, "lesson08_runs/reply", "Reply", chosen["reply"], chosen["reply_rate"])

# %% [markdown]
# ### Four approaches, one inbox
#
# Now the question of lesson 1, asked of everything that you have built: **prompt, retrieval, adapter, or all of them?**
# To be fair, each of the four gets the help that is described below the table:
#
# | approach | triage | reply | price or warranty |
# |---|---|---|---|
# | prompt only | base, with lesson 1's instruction | base, asked for Juniper's voice | base, from memory |
# | RAG only | the same | the same | base, your documents |
# | adapter only | triage adapter | reply adapter | reply adapter, no documents |
# | hybrid | triage adapter | reply adapter | reply adapter, your documents |
#
# All four have the same router (yours), the same messages, and the likeliest answer each time (temperature 0). And the
# base gets help that the adapters do not get: a rule cuts the message down to the sentences that each call is about,
# since the base reads these far better than a whole mail. (We tried other prompts on other messages: without an
# instruction, and with solved examples. They were no better. One more rule, which rewrites the questions, would help
# RAG more, and you would have to write it.)
#
# A triage is right with all three fields. A reply is right when it is wholly in Juniper's voice, about the right
# product, and promises what fits. A message is *wholly* right when everything is right that it needs.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "Adapter only: the reply adapter gets questions for prices, and no documents. What will it do?",
    Choice(
        "State a price anyway, a wrong one",
        "Yes. It learned that a price follows. Where none is given, it makes one up.",
        correct=True,
    ),
    Choice("Say that it does not know the price", "None of its examples did that. (You could add some: a good idea.)"),
    Choice(
        "State last year's price, which the base has learned",
        "Hardly ever. The sentence that it learned to write pulls harder.",
    ),
)

# %% tags=["skip-execution"]
from course.data import states
from course.hybrid import Desk, jobs_right, load_desk, question_in
from course.pictures.shipping import draw_drift, draw_inbox_scores, draw_merge_sizes, draw_merges, draw_rates

base = load_desk(tier, triage_folder, reply_folder)  # one base, two adapters
inbox = list(draw_inbox(chosen["messages"], seed=830, year=2027))
approaches = {
    "prompt only": dict(with_adapters=False, with_retrieval=False),
    "RAG only": dict(with_adapters=False, with_retrieval=True),
    "adapter only": dict(with_adapters=True, with_retrieval=False),
    "hybrid": dict(with_adapters=True, with_retrieval=True),
}
handled, scores = {}, {}
for name, switches in approaches.items():
    desk = Desk(base.model, base.tokenizer, lines, route, top_k, build_prompt, **switches)
    handled[name] = desk.handle([row["text"] for row in inbox])
    scores[name] = [jobs_right(row, done) for row, done in zip(inbox, handled[name], strict=True)]
_ = show(*draw_inbox_scores(scores))

# %% [markdown]
# First, your prediction: three of the questions that the reply adapter got without a document, and what they were
# answered.

# %% tags=["skip-execution"]
priced = [number for number, row in enumerate(inbox) if row["field"] == "price"]
for number in [number for number in priced if inbox[number]["label"] == "facts"][:3]:
    product = inbox[number]["product"]
    print(f"{inbox[number]['text']}\n  {handled['adapter only'][number].reply}")
    print(f"  (this year {new[product]['price']}, last year {old[product]['price']})\n")
for year, entries in ((2027, new), (2026, old)):
    pairs = [(handled["adapter only"][number].reply, entries[inbox[number]["product"]]["price"]) for number in priced]
    told = sum(states(reply, price) for reply, price in pairs)
    print(f"It stated the price of {year} for {told} of {len(priced)} questions.")

# %% [markdown]
# Now read the bars from left to right (the words are for the bundled model; compare your bars).
#
# **Triage and voice.** With an instruction, its likeliest answer and a rule that cuts out the right sentences, the base
# does as well as the adapters. Lesson 7 warned you: choose the strongest rival, and it is strong. What the adapters
# save you is the rule, and the instruction of the triage. (The reply adapter keeps its line *Reply … in the voice of
# Juniper*. And on a base that has never met this JSON and this voice, it all looks different.)
#
# **Prices.** Next to nothing without documents: what is right there was guessed. With the same documents, the adapter
# reads the price far more often than the base does. That may surprise you: in lesson 1 the base read prices well.
#
# But there the question was asked in one of five wordings that the base knows. Count how often customers use them here.

# %% tags=["skip-execution"]
from course.data.prices import QUESTIONS

asking = [number for number, row in enumerate(inbox) if row["field"]]
known = {
    number for number in asking
    if question_in(inbox[number]["text"])
    in [words.format(p=inbox[number]["product"]) for words in QUESTIONS[inbox[number]["field"]]]
}  # fmt: skip
for name in ("RAG only", "hybrid"):
    for kind, chosen_ones in (("the base's wordings", known), ("any other", set(asking) - known)):
        read = sum(scores[name][number]["prices"] for number in chosen_ones)
        print(f"{name:<9} {kind:<20} {read:>3} of {len(chosen_ones):>3} read")

# %% [markdown]
# The rule has cut greetings and stories away. What is left is other wordings, typos and lower case, and the base takes
# most of these for tickets. Reading through that is *behaviour*. **So an adapter helps retrieval.**
#
# A rule could help it, too: rewrite each question into a wording that the base knows. (We rewrote 150 other questions
# so, and the base read all 150.) Then you write by hand what the adapter learned from examples.
#
# **The whole message** is what a customer gets. One that needs three things is wrong if one of them is. So errors add
# up, and whoever lacks a part loses all messages that need it. **The hybrid wins because it lacks none.**
#
# It is not perfect. Look at what it did wrong, before you improve anything.

# %% tags=["skip-execution"]
failed = [number for number, jobs in enumerate(scores["hybrid"]) if not all(jobs.values())]
for number in failed[:4]:
    row, done = inbox[number], handled["hybrid"][number]
    wrong = ", ".join(job for job, right in scores["hybrid"][number].items() if not right)
    print(f"{row['text']}\n  wrong: {wrong}. Desk: {done.triage or 'nothing'}\n  reply: {done.reply}\n")
for field in ("price", "warranty"):
    rows = [number for number in asking if inbox[number]["field"] == field]
    right = sum(scores["hybrid"][number]["prices"] for number in rows)
    print(f"Questions for a {field}: {right} of {len(rows)} right.")

# %% [markdown]
# With the bundled model, what is wrong in the third group are *warranties*, answered with the price. They are rarer in
# its examples, so more of those would help first. And the wrong voices promise what does not fit. The reply adapter
# never sees the triage, which knew the intent of 10 of these 13 messages. Telling it is the next thing to try.

# %% [markdown]
# **Talk to it.** On your own machine, run `from course.demo import demo` and `demo(desk)` in a new cell, and open the
# address that it prints. The page shows what each part makes of your message. It needs an extra: `pip install
# 'finetuning-course[demo]'`.

# %% [markdown]
# ## 2 · Merge, or keep apart?
#
# A server that knows nothing of adapters wants plain weights. You have seen in lesson 4 that merging is exact: W +
# (α/r) B A is one matrix, of the same size, and nothing is computed twice.
#
# But *which* W? Your adapter was trained on a base in 4 bits. So there are three ways to merge, and people do all
# three:
#
# | merge into | what it is | then |
# |---|---|---|
# | the 4-bit weights, unpacked to 16 bits | the base that the adapter knows | 2 bytes a weight |
# | the original 16-bit weights | a base that the adapter has never seen | 2 bytes a weight |
# | the 4-bit weights, packed again | each sum is rounded to one of 16 values | half a byte a weight |
#
# The last is tempting: it is the smallest, and PEFT does it when you call `merge_and_unload()` on a 4-bit model (with a
# warning). What could go wrong? An adapter changes each weight a little. A codebook of 16 values has gaps. A change
# that is smaller than half a gap is rounded away.

# %% tags=["skip-execution"]
# @title Quick check: predict before you look
quick_check(
    "You merge into the 4-bit weights and pack them again. How large is the error, beside what the adapter changed?",
    Choice("Zero: merging is exact, as lesson 4 showed", "The sum is exact. Packing it again is not."),
    Choice("Far below a per cent: a rounding error", "That is what 16 bits do. Four bits have only 16 values."),
    Choice(
        "Of the order of the change itself: half of it, or all",
        "Yes. The gaps of the codebook are as large as the change, or larger.",
        correct=True,
    ),
)

# %% tags=["skip-execution"]
from course.merging import (
    ORIGINAL, PACKED, errors_by_size, merge_original, merge_packed, merge_unpacked, probability_shift, relative_size,
    update_error,
)  # fmt: skip

ways = {
    "unpacked, float16": lambda: merge_unpacked(tier, triage_folder, torch.float16),
    ORIGINAL: lambda: merge_original(tier, triage_folder, torch.float16),
    PACKED: lambda: merge_packed(tier, triage_folder),
}
problems = [triage_messages(row["text"]) for row in inbox if row["label"] != "facts"][:80]
errors, shifts = {}, {}
if tier.name == "t4-large":
    print("Unpacked, 7B weights take 14.5 GB: more than this GPU has room for. Run this section on a larger one.")
else:
    reference = load_with_adapter(tier, triage_folder)  # the adapter beside its base: what you measured
    applied_answers = generate(reference.model, reference.tokenizer, problems, temperature=0)
    texts = [
        reference.tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": answer}], tokenize=False)
        for turns, answer in zip(problems, applied_answers, strict=True)
    ][:32]
    for name, merge in ways.items():
        merged = merge()
        errors[name] = update_error(merged, reference.model)
        if not torch.cuda.is_available():
            merged = merged.float()  # a CPU computes in 32 bits; the numbers stay those that were stored
        shifts[name] = probability_shift(merged, reference.model, reference.tokenizer, texts)
        answers = generate(merged, reference.tokenizer, problems, temperature=0)
        equal = sum(a == b for a, b in zip(answers, applied_answers, strict=True))
        print(f"{name:<28}{equal} of {len(problems)} answers as with the adapter beside its base")
    _ = show(*draw_merges(errors, shifts))

# %% [markdown]
# Left, the error as a share of what the adapter changed. Unpacked into float16, it is next to nothing. Packed again, it
# is of the order of the change itself. With the bundled model it is about *half* of it. Why not all?
#
# Because this adapter made a large change. The gaps stay what they are, so what counts is how large the change is
# beside the weights. Here a small model learned at a large rate. Measure your change, and what the same change would
# lose if it were smaller or larger. The next cell scales your adapter, and merges it at each size.

# %% tags=["skip-execution"]
if errors:
    own, sizes = relative_size(reference.model), (0.003, 0.01, 0.03, 0.1, 0.3)
    print(f"Your adapter changed the weights by {own:.1%} of their size.")
    _ = show(*draw_merge_sizes(sizes, errors_by_size(reference.model, load_base(tier).model, sizes), own))

# %% [markdown]
# Read it from right to left. Packed again, a small change is lost whole: the error is 100 % of it or a little more. And
# small changes are the usual ones. At a learning rate of 2e-4, as one takes for larger models, the same run changed the
# bundled model's weights by 2.2 % (at 3e-3: 14.6 %).
#
# Look at the two lowest lines as well. 16 bits are not 16 bits: bfloat16 has fewer digits than float16, and at a change
# of 1 % it loses a sixth of it.
#
# *Into the original* is a different case. The error there is the *base's* quantization error turned round: these
# weights are better than those that the adapter was trained on, but it has never met them. You ship a model that you
# have not measured. Often it is as good or better. Measure it, then.
#
# Look back at the right half of the first picture: what a merge does to the next token's probabilities. The answers of
# this short, certain job hardly change. Count on that only where you have counted. **Merge into 16 bits, measure the
# merged model, and quantize it afterwards, if you must, as a step of its own that you measure as well.**

# %% [markdown]
# ## 3 · What is in the file?
#
# Your adapter is a file that ends in `.safetensors`. You could open it with a library. Open it by hand, once, and you
# will never be afraid of it again. It is three things in a row:
#
# ```text
# 8 bytes     a number N, the lowest byte first
# N bytes     a JSON object: for each tensor its dtype, its shape, and where its bytes begin and end
# the rest    the numbers themselves, one tensor after the other
# ```

# %% tags=["skip-execution"]
import json
from pathlib import Path

raw = Path(triage_folder, "adapter_model.safetensors").read_bytes()
size = int.from_bytes(raw[:8], "little")
header = json.loads(raw[8 : 8 + size])
print(f"{len(raw):,} bytes: a header of {size:,}, and numbers. The first 8 bytes: {raw[:8].hex(' ')}")
name, entry = next(
    (name, entry) for name, entry in header.items() if name.endswith("layers.0.self_attn.q_proj.lora_A.weight")
)
print(name, entry)

start, end = (8 + size + offset for offset in entry["data_offsets"])
by_hand = torch.frombuffer(bytearray(raw[start:end]), dtype=torch.float32).reshape(entry["shape"])
print("By hand:", by_hand[0, :4].tolist())

# %% tags=["skip-execution"]
from safetensors.torch import load_file

library = load_file(Path(triage_folder, "adapter_model.safetensors"))[name]
print("Library:", library[0, :4].tolist(), " equal:", torch.equal(library, by_hand))

# %% [markdown]
# That is the whole format, and its point is what it lacks. PyTorch's older `.bin` and `.pt` files are *pickles*: a list
# of instructions that Python follows when it loads them, and one instruction may be to run anything. **Loading a pickle
# is running a program by a stranger.** (Newer PyTorch refuses most of that by default. Older versions and other loaders
# do not.) A safetensors file holds numbers, names and text, and nothing that runs. So the grader of this course reads
# nothing else.
#
# ### GGUF
#
# On laptops and phones, models mostly run in **llama.cpp** and what is built on it, such as Ollama. These read
# **GGUF**: one file that holds *everything*, weights, shapes, tokenizer, chat template. Its numbers come in kinds.
# `F16` is 16 bits. `Q8_0` takes 32 weights at a time and stores 8 bits for each, and one 16-bit scale: (32 × 8 + 16) /
# 32 = 8.5 bits a weight. `Q4_0` is the same with 4 bits: 4.5. (It is lesson 5's absmax quantization, in blocks of 32;
# [the format's description](https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).)
#
# The tools for it are a package on PyPI. The next cell writes your merged model in three kinds, reads each of them back
# with transformers, and compares the answers. If the package is missing, it says how to get it.

# %% tags=["skip-execution"]
from course.gguf_files import has_gguf, read_gguf, write_gguf

if not has_gguf():
    print("This needs the package gguf: run  %pip install gguf  and then this cell again.")
elif tier.name == "t4-large":
    print("Mistral has another architecture than the writer of this lesson knows: llama.cpp's own converter does it.")
else:
    merged = merge_unpacked(tier, triage_folder, torch.float32)
    for kind in ("F16", "Q8_0", "Q4_0"):
        file = write_gguf(merged, reference.tokenizer, f"lesson08_runs/juniper-{kind}.gguf", kind)
        again = read_gguf(file).to(merged.device)
        answers = generate(again, reference.tokenizer, problems, temperature=0)
        equal = sum(a == b for a, b in zip(answers, applied_answers, strict=True))
        print(f"{kind:<5} {file.stat().st_size:>12,} bytes   {equal} of {len(problems)} answers as with the adapter")
    del merged, again
_ = gc.collect()

# %% [markdown]
# `F16` and `Q8_0` answer alike. `Q4_0` comes close, with a file of little more than a quarter. It rounds the change
# away as *packed again* does. The difference is that you keep the 16-bit file, and have counted the answers. (The
# matrices are quantized, embeddings included; norms and biases stay in 32 bits.) The comparison runs through
# transformers, which unpacks the file. This lesson did not run it in llama.cpp. And one thing does not survive
# transformers' own way back: of a GGUF file's *tokenizer* it forgets tokens that begin with a space, as this model's
# prices do. So the tokenizer used here is the original one. It is a good habit: **after every conversion, compare
# answers, not only loading.**
#
# Which format, then? **An adapter apart, in safetensors**, for a server that knows adapters, as in the next section.
# **Merged, in 16-bit safetensors**, for one that does not. **GGUF** where there is no server at all.

# %% [markdown]
# ## 4 · Many adapters, one base
#
# Merged, each job needs a model of its own in memory. Apart, they share one base, and an adapter is small. (Yours is
# saved in 32 bits, as you saw. Servers load it in 16.)

# %% tags=["skip-execution"]
weights = sum(p.numel() for name, p in base.model.named_parameters() if "lora_" not in name)
small = sum(p.numel() for name, p in base.model.named_parameters() if ".triage." in name)
print(f"Base: {weights:,} weights. One adapter: {small:,}, which is {small / weights:.1%} of it.")

# %% [markdown]
# Now requests come in, and each wants another adapter. Three ways to serve them:
#
# - **one by one**: switch to the request's adapter, answer, next;
# - **by adapter**: collect some, and answer each adapter's requests in a batch;
# - **mixed**: one batch in which every row has its own adapter. The base's large matrices multiply all rows at once.
#   Only the thin products with A and B are done group by group.
#
# PEFT can do the third, with `adapter_names=[…]`, one name a row, and `"__base__"` for none. Measure all three on the
# same 24 requests.

# %% tags=["skip-execution"]
import random

from course.data import draw_price_questions, grounded_prompt

calls = [("triage", row["text"]) for row in inbox if row["label"] == "triage"][:8]
for row in questions[:8]:
    found = [lines[index] for index in top_k(row["text"], lines, 1)]
    calls.append(("reply", build_prompt(row["text"], found)))
calls += [("__base__", grounded_prompt(row["question"], row["document"])) for row in draw_price_questions(8, seed=840)]
random.Random(8).shuffle(calls)
names = [name for name, _ in calls]
turns = [[{"role": "user", "content": text}] for _, text in calls]


def answer(rows):
    """Answer these rows in one batch, each with its own adapter."""
    return generate(
        base.model, base.tokenizer, [turns[row] for row in rows], temperature=0, adapters=[names[row] for row in rows]
    )


batches = {
    "one by one": [[row] for row in range(len(calls))],
    "by adapter": [
        [row for row in range(len(calls)) if names[row] == name] for name in ("triage", "reply", "__base__")
    ],
    "one mixed batch": [list(range(len(calls)))],
}
rates, replies = {}, {}
for way, groups in batches.items():
    begun = time.perf_counter()
    replies[way] = {row: text for rows in groups for row, text in zip(rows, answer(rows), strict=True)}
    rates[way] = len(calls) / (time.perf_counter() - begun)
_ = show(*draw_rates(rates))
equal = sum(replies["one by one"][row] == replies["one mixed batch"][row] for row in range(len(calls)))
print(f"{equal} of {len(calls)} answers are the same one by one and mixed.")

# %% [markdown]
# The answers stay the same. What changes is how often the large matrices are read: one by one, once for every request;
# in batches, once for many. The last two are close. What a mixed batch adds in traffic is that nobody waits until enough
# requests for the same adapter have come.
#
# ### A server for it
#
# PEFT is for measuring. For traffic you take a server such as **vLLM**, which schedules requests of many adapters over
# one base all the time. There is no GPU needed to read its command (and it is not run here):
#
# ```bash
# vllm serve Qwen/Qwen2.5-0.5B-Instruct --enable-lora --max-loras 8 --max-lora-rank 16 \
#     --lora-modules triage=lesson08_runs/triage reply=lesson08_runs/reply
# ```
#
# (It is for the adapters of the T4 tier. The bundled model's fit no other base.)
#
# Each adapter then looks like a model of its own: a request says `"model": "triage"`. This base is the 16-bit original,
# section 2's middle row. Measure your adapter on it, or add `--quantization bitsandbytes`.
#
# Two settings bite:
#
# - `--max-lora-rank` is **16** unless you say otherwise. An adapter of rank 32 is refused when it is loaded. So a rank
#   is a decision about serving, too.
# - `--max-loras`, how many different adapters one batch may hold, is **1** unless you say otherwise. Then requests of
#   other adapters wait, and you are back at *by adapter*.
#
# (Both defaults: [vLLM's LoRAConfig](https://github.com/vllm-project/vllm/blob/main/vllm/config/lora.py); the command:
# [vLLM, LoRA adapters](https://docs.vllm.ai/en/latest/features/lora.html).)

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "Your adapter has rank 64. `vllm serve … --enable-lora --lora-modules …` stops: it refuses the adapter. What now?",
    Choice(
        "Train again with rank 16, which is the most that vLLM can serve",
        "It can serve 64 as well, when it is told to.",
    ),
    Choice(
        "`--max-lora-rank 64`",
        "Yes. The default is 16. Memory is kept for the largest rank, so do not set 512 just in case.",
        correct=True,
    ),
    Choice(
        "Merge it into the 4-bit weights",
        "An error of half the change or more, not measured on your job. And the rank was never the problem.",
    ),
)

# %% [markdown]
# ### How many fit?
#
# Memory holds the base, the adapters, and a reserve: the requests that are being answered (their *KV cache*, the keys
# and values of every token so far), and the workspace. What is left over decides.
#
# On paper: a GPU of 24 GB, a base of 7 billion weights in 16 bits, a reserve of 4 GB. The base takes 7 × 2 = 14 GB. 24
# − 14 − 4 = 6 GB are left. An adapter of 40 million weights in 16 bits takes 80 MB. So 6,000 / 80 = **75 adapters**
# fit.
#
# This counts adapters that are all on the GPU at once. vLLM keeps `--max-loras` slots there, each as large as the
# largest rank allowed, and the others in the CPU's memory.
#
# ### Exercise 4 · Adapters per GPU
#
# Write `adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb)`.
#
# - **Input:** `gpu_gb` and `reserve_gb`, memory in decimal GB (10⁹ bytes), ints or floats; `base_params` and
#   `adapter_params`, positive ints: numbers of weights; `base_bits`, 4, 8 or 16: bits of each base weight.
# - **Output:** an int: how many whole adapters in 16 bits fit beside the base. Compute in bytes. An exact fit counts.
#   It is 0 where not even the base fits, never negative.
#
# <details><summary>Hint 1</summary>
#
# A weight of `b` bits takes `b / 8` bytes. 16 bits are 2 bytes, whatever the base has.
# </details>
# <details><summary>Hint 2</summary>
#
# `left // each` is how many times `each` fits into `left`. For floats it returns a float, so make an int of it.
# </details>
# <details><summary>Hint 3</summary>
#
# A negative rest would give a negative number: `max(0, …)`.
# </details>


# %% adapters_per_gpu
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    """Whole 16-bit adapters that fit into a GPU beside the base and the reserve."""
    ### BEGIN SOLUTION
    left = round((gpu_gb - reserve_gb) * 1e9) - base_params * base_bits / 8
    return max(0, int(left // (2 * adapter_params)))
    ### END SOLUTION


# %% test_adapters_per_gpu points=2
assert adapters_per_gpu(24, 7_000_000_000, 16, 40_000_000, 4) == 75, (
    "24 − 14 − 4 = 6 GB are left, and an adapter takes 80 MB: 75. (16 bits are 2 bytes, and a GB is 10⁹ bytes. Did you "
    "get 74? Then GB were divided, which are rounded: count whole bytes.)"
)
assert adapters_per_gpu(24, 7_000_000_000, 4, 40_000_000, 4) == 206, (
    "In 4 bits the base takes 3.5 GB, so 16.5 GB are left. The adapters stay in 16 bits: 206, rounded down."
)
assert adapters_per_gpu(16, 7_000_000_000, 16, 40_000_000, 4) == 0, (
    "The base does not fit beside the reserve: 0, not a negative number."
)
assert type(adapters_per_gpu(24, 7_000_000_000, 16, 40_000_000, 4)) is int, "Return an int: `//` of floats is a float."
### BEGIN HIDDEN TESTS
import random

assert adapters_per_gpu(10, 4_000_000_000, 16, 500_000_000, 1) == 1, "Exactly 1 GB is left and one adapter takes it: 1."
assert adapters_per_gpu(10, 4_000_000_000, 16, 500_000_001, 1) == 0, "Two bytes too many: whole adapters only."
assert adapters_per_gpu(8, 1_000_000_000, 8, 1_000_000, 0) == 3_500, "8 bits are one byte a weight: 7 GB are left."
assert adapters_per_gpu(24, 0 + 12_000_000_000, 16, 1_000, 0) == 0, "The base alone fills it: no adapter fits."
draw = random.Random(84)
for _ in range(40):
    gpu, reserve, bits = draw.choice([15, 24, 40, 80, 141]), draw.choice([0, 1.5, 2, 4.25, 8]), draw.choice([4, 8, 16])
    params, adapter = 1_000 * draw.randint(100_000, 70_000_000), 1_000 * draw.randint(500, 200_000)
    left = int((gpu - reserve) * 10**9) - params * bits // 8
    wanted = max(0, left // (2 * adapter))
    found = adapters_per_gpu(gpu, params, bits, adapter, reserve)
    assert found == wanted, (
        f"gpu_gb={gpu}, base_params={params:,}, base_bits={bits}, adapter_params={adapter:,}, reserve_gb={reserve}: "
        f"{wanted:,}, not {found:,}. Reserve and base come off first; an adapter's weight takes 2 bytes."
    )
### END HIDDEN TESTS

# %% [markdown]
# Play with it. On the L4, do a hundred adapters bring a thousand requests below 10 cents? Set 100, and read how many
# are served. Then try 4 bits.

# %% tags=["skip-execution"]
from course.explorers.serving import explore_serving

explore_serving()

# %% [markdown]
# (Of the hundred, 65 fit on the L4 beside a base in 16 bits. A thousand requests then cost 9.8 cents. In 4 bits all
# hundred fit, and it is 6.4.)
#
# ## 5 · What does a thousand requests cost?
#
# Two ways to pay. **By the token**: a hosted model, so much per million tokens. **By the hour**: a rented GPU, whether
# anybody asks or not. The list prices below were read on the date in the file; type today's over them.
#
# > by token: 1,000 × (prompt tokens × price in + output tokens × price out) / 10⁶
# >
# > by hour: rent × 24 / requests a day × 1,000
#
# (The rent is that of an hour.) The tokens are measured: the mean of what your desk just read and wrote for a message.
# A hosted model without your adapter needs an instruction and examples in each triage prompt instead (lesson 1), so it
# reads more. The rented row does not depend on tokens at all.

# %% tags=["skip-execution"]
from course.costs import HOURS, Bill, load_prices, presets
from course.data import INSTRUCTION


def tokens(conversations):
    """Tokens of these conversations, as this tier's chat template writes them, for each message of the inbox."""
    texts = [
        base.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) for turns in conversations
    ]
    return sum(len(ids) for ids in base.tokenizer(texts, add_special_tokens=False)["input_ids"]) / len(inbox)


shots = [row for row in draw_inbox(20, seed=841) if row["label"] == "triage"][:3]
sorted_out = [row["text"] for row, done in zip(inbox, handled["hybrid"], strict=True) if done.route != "facts"]
replying = tokens(triage_messages(prompt) for done in handled["hybrid"] for prompt in done.prompts)
with_adapter = replying + tokens(triage_messages(text) for text in sorted_out)
prompted = replying + tokens(triage_messages(text, INSTRUCTION, shots) for text in sorted_out)
written = sum(len(base.tokenizer(done.triage + done.reply)["input_ids"]) for done in handled["hybrid"]) / len(inbox)
print(f"Tokens read for a message: {with_adapter:.0f} with adapters, {prompted:.0f} with instruction and examples.")
print(f"Tokens written: {written:.0f}. Prices as read on {load_prices()['as_read']}.\n")
print(f"{'dollars per 1,000 messages':<28}{'1,000':>10}{'10,000':>10}{'100,000':>10}{'1,000,000':>12}  messages a day")
days = HOURS / 24  # of a month
for name, (price_in, price_out, rent) in presets().items():
    bill = Bill(name, prompted, written, price_in, price_out, rent)
    costs = [bill.month(days * count) / (days * count) * 1_000 for count in (1_000, 10_000, 100_000, 1_000_000)]
    print(f"{name:<28}" + "".join(f"{cost:>10.3f}" for cost in costs[:3]) + f"{costs[3]:>12.3f}")

# %% [markdown]
# Read the rows, not the cents. **By the token a request costs the same at any traffic. By the hour it is cheap only
# when many ask.** At these prices the GPU needs some tens of thousands of messages a day to beat the middle model, and
# hundreds of thousands to beat the small one. A GPU that is shared by fifty adapters has many who ask. That is what
# section 4 was for.
#
# (Tokens are counted with this tier's tokenizer; another model's counts differ. Whether one GPU answers a million
# requests a day is for a load test to say, on your model and your server.)

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "A GPU costs $20 a day. By the token, your requests would cost $0.50 per thousand. From how many a day is the GPU cheaper?",
    Choice(
        "40,000",
        "Yes: 20 / 0.50 = 40 thousand. Below, the GPU waits for requests and you pay for its waiting.",
        correct=True,
    ),
    Choice("10,000", "They would cost $5 by the token, a quarter of the GPU."),
    Choice(
        "It is always cheaper, since its tokens cost nothing once the rent is paid",
        "The rent is paid on quiet days, too.",
    ),
)

# %% [markdown]
# ## 6 · A card, and a watch
#
# ### The card
#
# Half a year from now somebody finds a folder called `adapter`. For which base? Trained on what? How good, measured
# how? What was it never tried on? A **model card** answers that, beside the weights ([arXiv
# 1810.03993](https://arxiv.org/abs/1810.03993)). On the Hugging Face hub it is the `README.md`.
#
# The part that people leave out is the last one, and it is the one that you know best: *limits*. From your own
# measurements: triage of questions without a problem is meaningless; a price without a document is made up; English
# only; refusals were not trained. In the capstone you write one.
#
# ### The watch
#
# The world moves, and weights do not. Products come, a rule changes, customers find new words. Nothing crashes. The
# answers just become wrong: **drift**.
#
# So label a small sample of every week's tickets, by hand, and score it. When is a bad week an alarm? You know the
# tool: lesson 7's interval. **Alarm when even the week's high end is below the bar** that you wrote down at release. A
# good bar is the *low* end of what was measured then: what you could vouch for.
# One bad draw hardly reaches that. A large change soon does, and a small one only with more labels.
#
# Play it through: ten weeks, in each 40 labelled messages that report a problem. From week 6 on, Juniper no longer uses
# the priority *low*: what was low is now normal. Nobody tells the model.

# %% tags=["skip-execution"]
from course.evaluation import parse_triage
from course.intervals import wilson

WEEKS, EACH, CHANGED = 10, 40, 6
release = [jobs["triage"] for jobs in scores["hybrid"] if "triage" in jobs]
bar = wilson(sum(release), len(release))[0]  # the low end of what was measured at release
traffic = [dict(row) for row in draw_inbox(700, seed=850) if row["label"] != "facts"][: WEEKS * EACH]
for number, row in enumerate(traffic):
    if number // EACH + 1 >= CHANGED and row["priority"] == "low":
        row["priority"] = "normal"
said = generate(
    base.model, base.tokenizer, [triage_messages(row["text"]) for row in traffic], temperature=0,
    adapters=["triage"] * len(traffic),
)  # fmt: skip
hits = [
    route(row["text"]) != "facts"
    and found is not None
    and all(found[field] == row[field] for field in ("intent", "priority", "product"))
    for found, row in zip(map(parse_triage, said), traffic, strict=True)
]
weekly = [sum(hits[start : start + EACH]) for start in range(0, len(hits), EACH)]
_ = show(*draw_drift(weekly, EACH, bar, CHANGED, "no more low priority"))

# %% [markdown]
# Before the change the score stands high, and even a bad draw would not ring: its interval would still reach the bar.
# After it, the score falls, and in most weeks the whole interval with it. (A week may stay silent even then. One quiet
# week is no proof.) Two things this alarm needs, and teams often lack: **labels** for a small sample every week, and
# **a bar that was fixed at release**.
#
# What you can watch for free is weaker, but comes at once: the share of invalid answers, the share of each label, the
# share of each route, the length of replies. When one of them jumps, label more.
#
# And then? Look at the errors first: they say *what* changed. A changed price is no reason to train; retrieval has it
# already. A changed rule is: label anew, train again, a run like that of section 1, and through lesson 7's gate before
# it replaces the old one. Keep the old adapter. Going back is then one line in the server's configuration.

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "Each week you label 40 tickets. The bar is 90 %. This week 34 are right, 85 %. What do you do?",
    Choice("Retrain at once, before it gets worse", "34 of 40 is compatible with well over 90 %."),
    Choice("Lower the bar to 85 %, since that is what it does now", "Then nothing ever rings. The bar was a promise."),
    Choice(
        "Wait, or label more of this week",
        "Yes. The interval reaches from 71 to 93 %: it may be the draw.",
        correct=True,
    ),
)

# %% [markdown]
# ## 7 · Outgrowing one machine
#
# A notebook is one process on one machine. When the model or the data grow, you run *the same training* as a script, in
# several processes. **Accelerate** starts them, gives each its own share of every batch, and averages their gradients,
# so that all hold the same adapter after each step. This is called **data parallel** training. The script of this
# course is `course/launched.py`. On a machine without GPUs, in two processes:
#
# ```bash
# accelerate launch --multi_gpu --num_processes 2 -m course.launched --steps 120 --output adapter
# ```
#
# (The option is called `--multi_gpu`, and without GPUs it starts CPU processes.) The next cell prints what each of the
# processes does. It calls the same `train_adapter` as this notebook.

# %% tags=["skip-execution"]
import inspect

import course.launched

print(inspect.getsource(course.launched.main))

# %% [markdown]
# Only three things around it differ:
#
# - a step learns from batch × accumulation × **processes** examples. So the script divides its batch of 16 by the
#   number of processes, and a step stays what it was;
# - each process draws other examples of the same shuffled order, so the data must come out the same in each: by a seed;
# - only the main process saves.
#
# Data parallel needs the whole base in every process. Where training does not fit into one GPU even in 4 bits, the base
# itself is split: **FSDP**, *fully sharded data parallel*, gives each GPU a share of every layer, and fetches the rest
# when it is its turn. With QLoRA, that has trained a 70B model on two GPUs of 24 GB ([bitsandbytes,
# FSDP-QLoRA](https://huggingface.co/docs/bitsandbytes/fsdp_qlora)). The training stays the same, and a file,
# `course/fsdp_qlora.yaml`, says what is new:
#
# ```bash
# accelerate launch --config_file course/fsdp_qlora.yaml -m course.launched --tier t4-large --output adapter
# ```
#
# The lines that matter in it:
#
# ```yaml
# distributed_type: FSDP                            # split the base, not only the batch
# num_processes: 2                                  # one for each GPU
# fsdp_config:
#   fsdp_sharding_strategy: FULL_SHARD              # weights, gradients and optimizer state
#   fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP   # gather one layer at a time
# ```
#
# Saving and loading change, too. No process has a whole adapter any more, so *all* of them gather it, and the main one
# writes (`save_shared` in the script). And this course's loader puts the whole base on every GPU first. So it splits
# training, not loading: a 70B base would need another loader.
#
# One setting belongs to it, in the quantization: `bnb_4bit_quant_storage=torch.bfloat16`. FSDP can share out
# floating-point tensors only, so the 4-bit codes must be stored in something that looks like one. (Tested with this
# course: training in two CPU processes, and saving an adapter that two of them share. FSDP with a 4-bit base was not
# run: that needs two GPUs.)

# %% tags=["skip-execution"]
# @title Quick check
quick_check(
    "One process trains with batch 8 and accumulation 2. You start four of them with these settings. From how many examples does a step learn?",
    Choice("16, as before, but four times as fast", "Each process brings its own 16, and the gradients are averaged."),
    Choice(
        "64",
        "Yes: 8 × 2 × 4. So an epoch has a quarter of the steps. Plan warm-up and learning rate for that.",
        correct=True,
    ),
    Choice("8, since accumulation is done by the processes now", "They still accumulate, each on its own."),
)

# %% [markdown]
# ## 8 · The capstone
#
# One job, the whole road, and a start that fails: mending it is yours.
#
# Another shop has seen what you did for Juniper. It wants tickets sorted, too, but under **its own names**: other keys,
# and codes in the place of words. The shop is drawn from your student id, so it is yours alone: an adapter that was
# trained for somebody else's shop gets its own codes wrong.
#
# If you have a teacher, say first who you are, with the id that they know you by: `course.student("your-id")`. Then
# look at your shop.

# %% tags=["skip-execution"]
import course
from course.capstone import PLAN, variant, variant_rows, write_card
from course.data import draw_tickets, triage_json

who = course.student()
mine = variant(who)
example = draw_tickets(1, seed=860)[0]
print(f"For {who}: {mine.instruction}\n\nTicket:   {example['text']}\nLesson 6: {triage_json(example)}")
print("Here:    ", triage_json(example, mine))

# %% [markdown]
# **Decide.** Would a prompt do? The base has never met your codes. With the instruction and solved examples it gets
# what the gate below will show you as *base*. And the gap is behaviour, not knowledge. So: fine-tune.
#
# **The gate** was written before you look. As in lesson 7, a metric fails only if its whole interval lies beyond the
# tolerated loss. These tolerances are larger than Juniper's: this shop's adapter does triage alone, behind a router. So
# passing means no proof of harm, not proof of none.

# %% tags=["skip-execution"]
for metric, planned in PLAN.items():
    print(f"{metric:<13} {planned.what}; {planned.items} items; tolerated loss {planned.tolerated:g}")

# %% [markdown]
# **Prepare and train.** You have these:
#
# | what | does |
# |---|---|
# | `variant_rows(mine, count, seed)` | draws tickets in your variant, as training rows |
# | `course.capstone.rehearsal(base, requests, questions, seed)` | lets the base answer unsafe requests and price questions, as training rows |
# | `train(rows, folder, title, steps, rate)` | trains on them, and saves the adapter |
# | `write_card(folder, examples, limits)` | measures adapter and base, and writes the card |
# | `grade(folder)` | says what it is worth, rung by rung |
#
# The cells from here to the grade are a start that **fails**. Run them as they are, read which rungs fail and why, and
# mend it: rows, steps, rate. Lesson 7 has met this failure.
#
# <details><summary>Hint</summary>
#
# An adapter that sees nothing but tickets forgets how to refuse and how to read. Who still knew how to answer those?
# Its base, `course.own_adapter.load_for_measuring(tier)`, and `rehearsal` asks it. 150 requests and as many questions are
# a good beginning. If the stories still get worse, a smaller learning rate changes less.
# </details>

# %% tags=["skip-execution"]
base = again = reference = merged = None  # makes room on a small GPU; sections 1 to 6 need load_desk again after this
gc.collect()
torch.cuda.empty_cache()

CAPSTONE = {  # by tier: steps and learning rate
    "bundled": (150, 3.5e-3), "t4": (120, 2e-4), "t4-large": (100, 2e-4),
}  # fmt: skip
capstone_rows = variant_rows(mine, 1_000, seed=861)
train(capstone_rows, "capstone", "Capstone", *CAPSTONE[tier.name])
print(f"{len(capstone_rows):,} rows.")

# %% [markdown]
# **Package.** The card. `write_card` measures your adapter against the base, and writes `card.json` for programs and
# `README.md` for people. The tickets and the prices are fresh. Of the unsafe requests, about half will stand word for
# word in a rehearsal, since four of the eight kinds name no product.
#
# One thing it cannot measure: the *limits*. What was your adapter never tried on? What would you tell a stranger who
# finds it? Write some sentences. It takes at least 80 characters.

# %% tags=["skip-execution"]
limits = ""  # yours

try:
    card = write_card("capstone", examples=len(capstone_rows), limits=limits)
    for metric, found in card["metrics"].items():
        print(f"{metric:<13} base {found['base']:>6.3f}   adapter {found['tuned']:>6.3f}", end="   ")
        print(f"{found['low']:+.3f} to {found['high']:+.3f}   tolerated loss {PLAN[metric].tolerated:g}")
except ValueError as missing:
    print(missing)

# %% [markdown]
# (When a card says *+1.000 to +1.000*, no certainty is meant. Of 100 equal items a bootstrap can draw only equal items.
# 100 right of 100 means at least 96 %, by lesson 7's Wilson interval.)
#
# **Grade.** The ladder of lesson 6 in your variant, then the card, then the gate, all on items drawn fresh. The last
# line is the number of points that this capstone would get. If a rung fails, read what it says, go back, and walk
# again.

# %% test_capstone points=10
from course.capstone import grade

report = grade("capstone")  # seven rungs: the ladder in your own variant, the card, the release gate
round(10 * report.score, 2)

# %% tags=["skip-execution"]
print(f"This notebook has been at work for {(time.perf_counter() - started) / 60:.1f} minutes, your reading included.")

# %% [markdown]
# **Hand it in.** `course.hand_in()` packs this notebook and the folder `capstone/` into one zip, under the id that you
# set above, and says where it is. If you study alone, `autograder check` grades it as a teacher would.

# %% [markdown]
# ## Takeaways
#
# - **The hybrid wins because its parts do what they are for**: retrieval brings facts, an adapter brings behaviour, a
#   prompt names the task, and a router keeps each where it belongs.
# - **Train on what you will serve**, and where reading is the skill, on invented facts.
# - **Retrieval bounds everything after it.** Measure it first.
# - **Merge into 16 bits.** Packed into 4 bits again, the error is as large as what was learned, unless that was much.
# - **A safetensors file is a length, a JSON object and numbers.** A pickle is a program.
# - **Adapters share a base**: memory for many, one batch for all, one rent divided.
# - **By the hour is cheap when many ask**; by the token costs the same at any traffic.
# - **Alarm when even the high end is below the bar**, and keep the old adapter.

# %% [markdown]
# ## Knowledge check
#
# Eight questions; 80 % marks the lesson complete.

# %% tags=["skip-execution"]
# @title Knowledge check
course.knowledge_check(
    "lesson08_shipping",
    Question(
        "A shop's prices change daily, and its replies must sound like the shop. What do you build?",
        Choice(
            "An adapter that is trained every night on the new prices",
            "Slow, costly, and facts are what training is worst at.",
        ),
        Choice("Retrieval for the prices, an adapter for the sound", "Yes: each for what it is good at.", correct=True),
        Choice(
            "A longer prompt with all prices and many sample replies, sent with each request",
            "It pays for all of it in each request, and where it does not fit it fails.",
        ),
    ),
    Question(
        "Why were the prices invented in the reply adapter's training data?",
        Choice(
            "So that only reading them from the prompt pays",
            "Yes. What is different each time cannot be memorized.",
            correct=True,
        ),
        Choice(
            "Because real prices are confidential", "Perhaps they are. But it was done for what the adapter learns."
        ),
        Choice(
            "To have more rows than there are products in the list", "The real list gives as many rows as you like."
        ),
    ),
    Question(
        "On a harder job, you merged a QLoRA adapter with `merge_and_unload()` on the 4-bit model, and it scores much worse. Why?",
        Choice(
            "Merging changes the order of the computation, and small errors add up over the layers",
            "In 16 bits it does as well, and you measured next to nothing.",
        ),
        Choice("The adapter was trained too long", "Beside its base the same adapter scored well."),
        Choice(
            "The sums were rounded to 4 bits again",
            "Yes. Changes that are smaller than the gaps of the codebook are lost.",
            correct=True,
        ),
    ),
    Question(
        "Somebody sends you an adapter as `adapter_model.bin`. What do you do?",
        Choice("Load it: an adapter is only numbers", "A `.bin` is a pickle, and loading it can run anything."),
        Choice("Ask for safetensors", "Yes. It holds numbers, names and text, nothing that runs.", correct=True),
        Choice(
            "Rename it to `adapter_model.safetensors`, which loads it without running it",
            "The content stays a pickle; the reader will only refuse it.",
        ),
        Choice("Load it on the GPU, where Python code cannot run", "The pickle runs on the CPU while it is read."),
    ),
    Question(
        "vLLM refuses your adapter of rank 32. The most likely reason?",
        Choice("It cannot serve LoRA on quantized bases", "It can, and the rank would not matter then."),
        Choice(
            "The adapter was not merged before it was served, as it must be for any server",
            "It serves adapters unmerged, many at a time.",
        ),
        Choice("`--max-lora-rank` was left at 16", "Yes: the default.", correct=True),
    ),
    Question(
        "A GPU of 24 GB, a base of 7 billion weights in 4 bits, a reserve of 4.5 GB, adapters of 20 million weights in 16 bits. How many fit?",
        Choice("800", "That would leave adapters at 20 MB; 16 bits are two bytes."),
        Choice("400", "Yes: 24 − 3.5 − 4.5 = 16 GB, and 40 MB each.", correct=True),
        Choice(
            "1,600, since they are stored in the 4 bits of the base", "Adapters stay in 16 bits, whatever the base has."
        ),
        Choice("137", "That counts the base in 16 bits, and takes 14 GB off."),
    ),
    Question(
        "Each week 50 labelled tickets. The bar is 90 %. Which week rings?",
        Choice("35 right: 56 to 81 %", "Yes: even the high end is below the bar.", correct=True),
        Choice("43 right: 74 to 93 %", "The interval holds 90 %: it may be the draw."),
        Choice(
            "42 right, because it is the third week in a row that fell",
            "71 to 92 %: look closely and label more, but among four weeks in any order, three falls come once in 24 times.",
        ),
    ),
    Question(
        "Your model passes every test, and a week later its triage scores 60 %. The weights are the same. What do you look at first?",
        Choice(
            "The errors of that week",
            "Yes. They say what changed: a product, a rule, a wording, or the labels.",
            correct=True,
        ),
        Choice(
            "The learning rate of the training run, which may have been too high",
            "The weights did not change in that week.",
        ),
        Choice("The GPU", "A broken one gives nonsense, not 60 %."),
    ),
    pass_mark=0.8,
)

# %% tags=["skip-execution"]
course.progress()

# %% [markdown]
# ## What comes next
#
# Nothing, here. You began with *should I fine-tune at all?*, and you can answer it, with numbers. You can choose the
# method, make the data, train in 4 bits on a free GPU, prove that it helped, find what it broke, and ship it.
#
# When all eight knowledge checks are passed, and `autograder check` has passed all eight notebooks,
# `course.certificate("Your Name")` draws your certificate. Until then, it says what is missing:

# %% tags=["skip-execution"]
from course.certificate import NotYet

try:
    course.certificate("Your Name")  # write your own
except NotYet as missing:
    print(missing)

# %% [markdown]
# Where to go from here:
#
# - Run the lessons again on a larger model: in Colab with a T4, or `course.start("lesson06_training",
#   tier="t4-large")`.
# - Take a task of your own. Write the gate first. Fifty good examples are enough to begin.
# - Lesson 9 is not written.
#   `CONTRIBUTING.md` says how to
#   write it.
