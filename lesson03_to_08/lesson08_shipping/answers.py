# %% [markdown]
# ## top_k


# %% top_k wrong="reverses argsort, which turns ties round"
def top_k(query, documents, k):
    vectorizer = TfidfVectorizer().fit(documents)
    cosines = (vectorizer.transform(documents) @ vectorizer.transform([query]).T).toarray().ravel().round(10)
    return [int(index) for index in cosines.argsort(kind="stable")[::-1][:k]]


# %% top_k wrong="gives the documents, not their places"
def top_k(query, documents, k):
    vectorizer = TfidfVectorizer().fit(documents)
    cosines = (vectorizer.transform(documents) @ vectorizer.transform([query]).T).toarray().ravel().round(10)
    return [documents[index] for index in sorted(range(len(documents)), key=lambda i: (-cosines[i], i))[:k]]


# %% top_k wrong="worst first"
def top_k(query, documents, k):
    vectorizer = TfidfVectorizer().fit(documents)
    cosines = (vectorizer.transform(documents) @ vectorizer.transform([query]).T).toarray().ravel().round(10)
    return sorted(range(len(documents)), key=lambda i: (cosines[i], i))[:k]


# %% top_k wrong="drops documents that have nothing in common with the query"
def top_k(query, documents, k):
    vectorizer = TfidfVectorizer().fit(documents)
    cosines = (vectorizer.transform(documents) @ vectorizer.transform([query]).T).toarray().ravel().round(10)
    order = sorted(range(len(documents)), key=lambda i: (-cosines[i], i))
    return [index for index in order if cosines[index] > 0][:k]


# %% top_k wrong="counts common words, without weights"
def top_k(query, documents, k):
    words = set(query.lower().split())
    common = [len(words & set(text.lower().split())) for text in documents]
    return sorted(range(len(documents)), key=lambda i: (-common[i], i))[:k]


# %% top_k wrong="fits on the query as well"
def top_k(query, documents, k):
    rows = TfidfVectorizer().fit_transform([*documents, query])
    cosines = (rows[:-1] @ rows[-1].T).toarray().ravel().round(10)
    return sorted(range(len(documents)), key=lambda i: (-cosines[i], i))[:k]


# %% top_k wrong="weighs all words alike"
def top_k(query, documents, k):
    vectorizer = TfidfVectorizer(use_idf=False).fit(documents)
    cosines = (vectorizer.transform(documents) @ vectorizer.transform([query]).T).toarray().ravel().round(10)
    return sorted(range(len(documents)), key=lambda i: (-cosines[i], i))[:k]


# %% top_k right="by hand, without scikit-learn"
import math
import re
from collections import Counter


def top_k(query, documents, k):
    counts = [Counter(re.findall(r"\b\w\w+\b", text.lower())) for text in [*documents, query]]
    shelf = counts[:-1]
    idf = {w: math.log((1 + len(shelf)) / (1 + sum(w in one for one in shelf))) + 1 for w in set().union(*shelf)}
    weighed = [{w: n * idf[w] for w, n in one.items() if w in idf} for one in counts]
    lengths = [math.sqrt(sum(x * x for x in one.values())) or 1.0 for one in weighed]
    asked = weighed[-1]
    scored = []
    for index, one in enumerate(weighed[:-1]):
        cosine = sum(x * asked.get(w, 0.0) for w, x in one.items()) / (lengths[index] * lengths[-1])
        scored.append((-round(cosine, 10), index))
    return [index for _, index in sorted(scored)[:k]]


# %% top_k right="scikit-learn's own cosine, and a stable sort"
from sklearn.metrics.pairwise import cosine_similarity


def top_k(query, documents, k):
    vectorizer = TfidfVectorizer()
    rows = vectorizer.fit_transform(documents)
    cosines = cosine_similarity(vectorizer.transform([query]), rows)[0].round(10)
    return (-cosines).argsort(kind="stable")[:k].tolist()


# %% [markdown]
# ## build_prompt


# %% build_prompt wrong="puts the question first"
def build_prompt(question, documents):
    return "\n\n".join([question, *documents])


# %% build_prompt wrong="a heading over nothing"
def build_prompt(question, documents):
    return "Documents:\n" + "\n".join(documents) + "\n\n" + question


# %% build_prompt wrong="takes the best document only"
def build_prompt(question, documents):
    return "\n\n".join([*documents[:1], question])


# %% build_prompt wrong="sorts the documents"
def build_prompt(question, documents):
    return "\n\n".join([*sorted(documents), question])


# %% build_prompt wrong="tidies up what should stay verbatim"
def build_prompt(question, documents):
    return "\n\n".join([part.strip() for part in [*documents, question]])


# %% build_prompt wrong="appends the question to the caller's list"
def build_prompt(question, documents):
    documents.append(question)
    return "\n\n".join(documents)


# %% build_prompt right="with a heading and numbers"
def build_prompt(question, documents):
    if not documents:
        return question
    found = "".join(f"[{number}]\n{text}\n\n" for number, text in enumerate(documents, 1))
    return f"What the shop knows:\n\n{found}{question}"


# %% [markdown]
# ## route


# %% route wrong="price words against trouble words"
def route(message):
    text = message.lower()
    money = any(word in text for word in ("price", "cost", "how much", "warranty", "pay", "charge"))
    trouble = any(word in text for word in ("broke", "refund", "return", "size", "parcel", "charged", "torn"))
    return "both" if money and trouble else "facts" if money else "triage"


# %% route wrong="a question mark means a question for facts"
def route(message):
    return "facts" if message.count("?") == 1 else "both" if "?" in message else "triage"


# %% route wrong="never says both"
def route(message):
    wordings = ("how much", "cost?", "price of", "warranty", "pay for", "charge for")
    return "facts" if any(words in message.lower() for words in wordings) else "triage"


# %% route wrong="learns from too few examples"
few = draw_inbox(60, seed=810)
small = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(few["text"], few["label"])


def route(message):
    return str(small.predict([message])[0])


# %% route wrong="answers with a number"
enough = draw_inbox(1_500, seed=810)
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000)).fit(enough["text"], enough["label"])


def route(message):
    return ["facts", "triage", "both"].index(str(model.predict([message])[0]))


# %% route right="two questions, by rules"
import re

SLIPS = {
    "teh": "the", "mi": "my", "pls": "please", "u": "you", "bc": "because", "hav": "have", "wiht": "with",
    "thx": "thanks", "dose": "does", "wnat": "want", "woud": "would", "iz": "is", "n": "and", "fro": "for",
}  # fmt: skip
ASKS = re.compile(
    r"(?:could you tell me the |what |for |is the [\w ]+ |does the [\w ]+ |what do |what does )?"
    r"(?:how much (?:is|would)|does the [\w ]+ cost|price of|would i pay|do you charge|at its old price|how long is the"
    r"|what warranty|how many months|come with a warranty)[^?]*\?"
)
NOISE = re.compile(
    r"(?:hi there|hi|hello juniper|hello|good morning|hey team|dear team|hey|thank you|thanks|cheers|best wishes"
    r"|please help|please let me know|regards|my old one broke last year|my friend wants to return hers"
    r"|i do not want to be charged twice|the parcel should go to my sister|mine is torn after ten years"
    r"|i am looking for a gift|i want to order by friday|i had a refund from another shop"
    r"|i love your shop|it was a present from my sister|i bought it in spring|the weather here is great"
    r"|i live far from any store|my dog likes it too|i have been a customer for years|we hike every sunday)\b"
)


def route(message):
    text = " ".join(SLIPS.get(word, word) for word in message.lower().replace(".", " ").split())
    if not ASKS.search(text):
        return "triage"
    left = NOISE.sub(" ", ASKS.sub(" ", text))
    return "both" if len(re.findall(r"\w+", left)) > 4 else "facts"


# %% route right="naive Bayes on pairs of words"
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

many = draw_inbox(3_000, seed=812)
bayes = make_pipeline(CountVectorizer(ngram_range=(1, 2), binary=True), MultinomialNB(alpha=0.1))
bayes.fit(many["text"], many["label"])


def route(message):
    return str(bayes.predict([message])[0])


# %% [markdown]
# ## adapters_per_gpu


# %% adapters_per_gpu wrong="forgets that a byte has 8 bits"
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    left = (gpu_gb - reserve_gb) * 1e9 - base_params * base_bits
    return max(0, int(left // (16 * adapter_params)))


# %% adapters_per_gpu wrong="stores the adapters in the bits of the base"
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    left = (gpu_gb - reserve_gb) * 1e9 - base_params * base_bits / 8
    return max(0, int(left // (adapter_params * base_bits / 8)))


# %% adapters_per_gpu wrong="forgets the reserve"
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    left = gpu_gb * 1e9 - base_params * base_bits / 8
    return max(0, int(left // (2 * adapter_params)))


# %% adapters_per_gpu wrong="counts in GiB"
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    left = (gpu_gb - reserve_gb) * 2**30 - base_params * base_bits / 8
    return max(0, int(left // (2 * adapter_params)))


# %% adapters_per_gpu wrong="goes below zero"
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    left = (gpu_gb - reserve_gb) * 1e9 - base_params * base_bits / 8
    return int(left // (2 * adapter_params))


# %% adapters_per_gpu wrong="rounds to the nearest adapter"
def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    left = (gpu_gb - reserve_gb) * 1e9 - base_params * base_bits / 8
    return max(0, round(left / (2 * adapter_params)))


# %% adapters_per_gpu right="in whole bits, with integers"
from fractions import Fraction


def adapters_per_gpu(gpu_gb, base_params, base_bits, adapter_params, reserve_gb):
    bits = 8 * 10**9 * (Fraction(gpu_gb) - Fraction(reserve_gb)) - base_params * base_bits
    return max(0, int(bits // (16 * adapter_params)))
