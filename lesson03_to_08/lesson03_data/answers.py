# %% [markdown]
# ## to_messages


# %% to_messages wrong="writes the dict with str, not as JSON"
def to_messages(ticket):
    labels = {field: ticket[field] for field in ("intent", "priority", "product")}
    return [{"role": "user", "content": ticket["text"]}, {"role": "assistant", "content": str(labels)}]


# %% to_messages wrong="builds JSON with an f-string"
def to_messages(ticket):
    answer = f'{{"intent": "{ticket["intent"]}", "priority": "{ticket["priority"]}", "product": "{ticket["product"]}"}}'
    return [{"role": "user", "content": ticket["text"]}, {"role": "assistant", "content": answer}]


# %% to_messages wrong="keeps the order of the ticket's keys"
import json


def to_messages(ticket):
    labels = {key: value for key, value in ticket.items() if key != "text"}
    return [{"role": "user", "content": ticket["text"]}, {"role": "assistant", "content": json.dumps(labels)}]


# %% to_messages wrong="sorts the keys"
import json


def to_messages(ticket):
    labels = {field: ticket[field] for field in ("product", "priority", "intent")}
    return [{"role": "user", "content": ticket["text"]}, {"role": "assistant", "content": json.dumps(labels)}]


# %% to_messages wrong="strips the customer's text"
import json


def to_messages(ticket):
    labels = {field: ticket[field] for field in ("intent", "priority", "product")}
    return [{"role": "user", "content": ticket["text"].strip()}, {"role": "assistant", "content": json.dumps(labels)}]


# %% to_messages wrong="leaves the text in the answer"
import json


def to_messages(ticket):
    return [{"role": "user", "content": ticket["text"]}, {"role": "assistant", "content": json.dumps(ticket)}]


# %% to_messages wrong="takes the text out of the caller's ticket"
import json


def to_messages(ticket):
    text = ticket.pop("text")
    labels = {field: ticket[field] for field in ("intent", "priority", "product")}
    return [{"role": "user", "content": text}, {"role": "assistant", "content": json.dumps(labels)}]


# %% to_messages wrong="leaves the answer a dict"
def to_messages(ticket):
    labels = {field: ticket[field] for field in ("intent", "priority", "product")}
    return [{"role": "user", "content": ticket["text"]}, {"role": "assistant", "content": labels}]


# %% to_messages wrong="puts an instruction before the text"
import json


def to_messages(ticket):
    labels = {field: ticket[field] for field in ("intent", "priority", "product")}
    return [
        {"role": "user", "content": "Sort this ticket.\n\n" + ticket["text"]},
        {"role": "assistant", "content": json.dumps(labels)},
    ]


# %% to_messages right="indents the JSON and keeps umlauts"
import json


def to_messages(ticket):
    user = dict(role="user", content=ticket["text"])
    answer = {"intent": ticket["intent"], "priority": ticket["priority"], "product": ticket["product"]}
    return [user, dict(content=json.dumps(answer, indent=2, ensure_ascii=False), role="assistant")]


# %% to_messages right="joins the fields after quoting each"
import json


def to_messages(ticket):
    fields = ("intent", "priority", "product")
    pairs = ",".join(f"{json.dumps(field)}:{json.dumps(ticket[field])}" for field in fields)
    contents = {"user": ticket["text"], "assistant": "{" + pairs + "}"}
    return [{"role": role, "content": content} for role, content in contents.items()]


# %% [markdown]
# ## mask_prompt


# %% mask_prompt wrong="masks the end token as well"
def mask_prompt(input_ids, prompt_length):
    return [-100] * prompt_length + input_ids[prompt_length:-1] + [-100]


# %% mask_prompt wrong="loses the end token"
def mask_prompt(input_ids, prompt_length):
    return [-100] * prompt_length + input_ids[prompt_length:-1]


# %% mask_prompt wrong="shifts the labels by one"
def mask_prompt(input_ids, prompt_length):
    labels = [-100] * prompt_length + input_ids[prompt_length:]
    return labels[1:] + [-100]


# %% mask_prompt wrong="returns the completion only"
def mask_prompt(input_ids, prompt_length):
    return input_ids[prompt_length:]


# %% mask_prompt wrong="masks in place"
def mask_prompt(input_ids, prompt_length):
    for place in range(prompt_length):
        input_ids[place] = -100
    return input_ids


# %% mask_prompt wrong="masks with 0"
def mask_prompt(input_ids, prompt_length):
    return [0] * prompt_length + input_ids[prompt_length:]


# %% mask_prompt wrong="masks every end token by value"
def mask_prompt(input_ids, prompt_length):
    labels = [-100] * prompt_length + input_ids[prompt_length:]
    return [-100 if label == 2 and place < len(labels) - 1 else label for place, label in enumerate(labels)]


# %% mask_prompt wrong="masks the completion"
def mask_prompt(input_ids, prompt_length):
    return input_ids[:prompt_length] + [-100] * (len(input_ids) - prompt_length)


# %% mask_prompt wrong="counts from the end, and fails at the borders"
def mask_prompt(input_ids, prompt_length):
    return [-100] * prompt_length + input_ids[-(len(input_ids) - prompt_length) :]


# %% mask_prompt right="goes through places"
def mask_prompt(input_ids, prompt_length):
    return [token if place >= prompt_length else -100 for place, token in enumerate(input_ids)]


# %% mask_prompt right="overwrites a copy"
def mask_prompt(input_ids, prompt_length):
    labels = input_ids.copy()
    labels[:prompt_length] = [-100] * prompt_length
    return labels


# %% mask_prompt right="uses tensors on the way"
import torch


def mask_prompt(input_ids, prompt_length):
    labels = torch.tensor(input_ids)
    labels[:prompt_length] = -100
    return labels.tolist()


# %% [markdown]
# ## near_duplicates


# %% near_duplicates wrong="compares with dropped texts, too"
def near_duplicates(texts, threshold=0.8):
    seen, dropped = [], []
    for index, text in enumerate(texts):
        words = text.lower().split()
        grams = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if any(len(grams & other) / len(grams | other) >= threshold for other in seen):
            dropped.append(index)
        seen.append(grams)
    return dropped


# %% near_duplicates wrong="compares with > in place of >="
def near_duplicates(texts, threshold=0.8):
    kept, dropped = [], []
    for index, text in enumerate(texts):
        words = text.lower().split()
        grams = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if any(len(grams & other) / len(grams | other) > threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped


# %% near_duplicates wrong="gives short texts no gram"
def near_duplicates(texts, threshold=0.8):
    kept, dropped = [], []
    for index, text in enumerate(texts):
        words = text.lower().split()
        grams = {tuple(words[start : start + 3]) for start in range(len(words) - 2)}
        if any(len(grams & other) / max(1, len(grams | other)) >= threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped


# %% near_duplicates wrong="compares single words"
def near_duplicates(texts, threshold=0.8):
    kept, dropped = [], []
    for index, text in enumerate(texts):
        grams = set(text.lower().split())
        if any(len(grams & other) / len(grams | other) >= threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped


# %% near_duplicates wrong="forgets to lower-case"
def near_duplicates(texts, threshold=0.8):
    kept, dropped = [], []
    for index, text in enumerate(texts):
        words = text.split()
        grams = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if any(len(grams & other) / len(grams | other) >= threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped


# %% near_duplicates wrong="returns what stays"
def near_duplicates(texts, threshold=0.8):
    kept, stays = [], []
    for index, text in enumerate(texts):
        words = text.lower().split()
        grams = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if not any(len(grams & other) / len(grams | other) >= threshold for other in kept):
            kept.append(grams)
            stays.append(index)
    return stays


# %% near_duplicates wrong="divides by the shorter text's grams"
def near_duplicates(texts, threshold=0.8):
    kept, dropped = [], []
    for index, text in enumerate(texts):
        words = text.lower().split()
        grams = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if any(len(grams & other) / min(len(grams), len(other)) >= threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped


# %% near_duplicates wrong="uses runs of three characters"
def near_duplicates(texts, threshold=0.8):
    kept, dropped = [], []
    for index, text in enumerate(texts):
        text = text.lower()
        grams = {text[start : start + 3] for start in range(max(1, len(text) - 2))}
        if any(len(grams & other) / len(grams | other) >= threshold for other in kept):
            dropped.append(index)
        else:
            kept.append(grams)
    return dropped


# %% near_duplicates wrong="finds exact copies only"
def near_duplicates(texts, threshold=0.8):
    seen, dropped = set(), []
    for index, text in enumerate(texts):
        words = tuple(text.lower().split())
        if words in seen:
            dropped.append(index)
        seen.add(words)
    return dropped


# %% near_duplicates right="joins words and looks back with two indices"
def grams_of(text):
    words = text.lower().split()
    if len(words) < 3:
        return {" ".join(words)}
    return {" ".join(trio) for trio in zip(words, words[1:], words[2:], strict=False)}


def near_duplicates(texts, threshold=0.8):
    grams = [grams_of(text) for text in texts]
    drop = []
    for later in range(len(texts)):
        for earlier in range(later):
            if earlier in drop:
                continue
            shared = len(grams[later].intersection(grams[earlier]))
            if shared / (len(grams[later]) + len(grams[earlier]) - shared) >= threshold:
                drop.append(later)
                break
    return drop


# %% [markdown]
# ## group_split


# %% group_split wrong="splits rows, not groups"
import random


def group_split(groups, test_fraction, seed):
    rows = list(range(len(groups)))
    random.Random(seed).shuffle(rows)
    count = round(test_fraction * len(groups))
    return rows[count:], rows[:count]


# %% group_split wrong="counts groups, not rows"
import random


def group_split(groups, test_fraction, seed):
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    held_out = set(names[: max(1, round(test_fraction * len(names)))]) if test_fraction else set()
    train = [index for index, group in enumerate(groups) if group not in held_out]
    return train, [index for index, group in enumerate(groups) if group in held_out]


# %% group_split wrong="uses the global generator"
import random


def group_split(groups, test_fraction, seed):
    names = sorted(set(groups))
    random.shuffle(names)
    train, test = [], []
    for name in names:
        side = test if len(test) < test_fraction * len(groups) else train
        side.extend(index for index, group in enumerate(groups) if group == name)
    return train, test


# %% group_split wrong="ignores the seed"
def group_split(groups, test_fraction, seed):
    train, test = [], []
    for name in dict.fromkeys(groups):
        side = test if len(test) < test_fraction * len(groups) else train
        side.extend(index for index, group in enumerate(groups) if group == name)
    return train, test


# %% group_split wrong="leaves the test side empty when groups are large"
import random


def group_split(groups, test_fraction, seed):
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    train, test = [], []
    for name in names:
        rows = [index for index, group in enumerate(groups) if group == name]
        (test if len(test) + len(rows) <= test_fraction * len(groups) else train).extend(rows)
    return train, test


# %% group_split wrong="swaps the two sides"
import random


def group_split(groups, test_fraction, seed):
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    train, test = [], []
    for name in names:
        side = test if len(test) < test_fraction * len(groups) else train
        side.extend(index for index, group in enumerate(groups) if group == name)
    return test, train


# %% group_split wrong="loses the rows of single-row groups"
import random


def group_split(groups, test_fraction, seed):
    names = sorted(name for name in set(groups) if groups.count(name) > 1)
    random.Random(seed).shuffle(names)
    train, test = [], []
    for name in names:
        side = test if len(test) < test_fraction * len(groups) else train
        side.extend(index for index, group in enumerate(groups) if group == name)
    return train, test


# %% group_split wrong="sorts the caller's list"
import random


def group_split(groups, test_fraction, seed):
    groups.sort()
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    train, test = [], []
    for name in names:
        side = test if len(test) < test_fraction * len(groups) else train
        side.extend(index for index, group in enumerate(groups) if group == name)
    return train, test


# %% group_split right="takes the groups in the order of a hash"
import hashlib


def group_split(groups, test_fraction, seed):
    order = sorted(set(groups), key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    held_out, count = set(), 0
    for name in order:
        if count >= test_fraction * len(groups):
            break
        held_out.add(name)
        count += groups.count(name)
    sides = [[], []]
    for index in range(len(groups)):
        sides[groups[index] in held_out].append(index)
    return tuple(sides)


# %% group_split right="stops at the group that comes closest"
import numpy as np


def group_split(groups, test_fraction, seed):
    names, numbers = np.unique(np.array(groups), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    sizes = np.bincount(numbers)[order].cumsum()
    distance = np.abs(sizes - test_fraction * len(groups))
    count = 0 if test_fraction == 0 else int(distance.argmin()) + 1
    in_test = np.isin(numbers, order[:count])
    return np.flatnonzero(~in_test).tolist(), np.flatnonzero(in_test).tolist()


# %% [markdown]
# ## contaminated


# %% contaminated wrong="takes a short text for one gram, as near_duplicates does"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(max(1, len(words) - n + 1))}

    leaked = set().union(*map(runs, test))
    return [index for index, text in enumerate(train) if runs(text) & leaked]


# %% contaminated wrong="looks at the first test text only"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}

    leaked = runs(test[0]) if test else set()
    return [index for index, text in enumerate(train) if runs(text) & leaked]


# %% contaminated wrong="misses the last run of each text"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n)}

    leaked = set().union(*map(runs, test))
    return [index for index, text in enumerate(train) if runs(text) & leaked]


# %% contaminated wrong="forgets to lower-case the training texts"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}

    leaked = set().union(*(runs(text.lower()) for text in test))
    return [index for index, text in enumerate(train) if runs(text) & leaked]


# %% contaminated wrong="counts shared words, in any order"
def contaminated(train, test, n=8):
    return [
        index
        for index, text in enumerate(train)
        if any(len(set(text.lower().split()) & set(other.lower().split())) >= n for other in test)
    ]


# %% contaminated wrong="returns indices of the test set"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}

    seen = set().union(*map(runs, train))
    return [index for index, text in enumerate(test) if runs(text) & seen]


# %% contaminated wrong="joins the test texts to one"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}

    leaked = runs(" ".join(test))
    return [index for index, text in enumerate(train) if runs(text) & leaked]


# %% contaminated wrong="names a text once for each test text that it meets"
def contaminated(train, test, n=8):
    def runs(text):
        words = text.lower().split()
        return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}

    return [index for other in test for index, text in enumerate(train) if runs(text) & runs(other)]


# %% contaminated wrong="looks for runs of characters"
def contaminated(train, test, n=8):
    def runs(text):
        text = text.lower()
        return {text[start : start + n] for start in range(len(text) - n + 1)}

    leaked = set().union(*map(runs, test))
    return [index for index, text in enumerate(train) if runs(text) & leaked]


# %% contaminated right="searches for joined runs with borders"
def contaminated(train, test, n=8):
    tests = ["\n".join(["", *text.lower().split(), ""]) for text in test]
    found = []
    for index, text in enumerate(train):
        words = text.lower().split()
        while len(words) >= n:
            span = "\n".join(["", *words[:n], ""])
            if any(span in other for other in tests):
                found.append(index)
                break
            words = words[1:]
    return found


# %% contaminated right="zips shifted lists and sorts a set"
def contaminated(train, test, n=8):
    def grams(text):
        words = text.lower().split()
        return set(zip(*[words[k:] for k in range(n)], strict=False))

    known = {gram for text in test for gram in grams(text)}
    return sorted({index for index in range(len(train)) if not known.isdisjoint(grams(train[index]))})
