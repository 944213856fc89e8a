# %% valid_ticket wrong="accepts extra keys"
import json


def valid_ticket(text):
    try:
        found = json.loads(text)
    except ValueError:
        return False
    if not isinstance(found, dict) or not {"intent", "priority", "product"} <= set(found):
        return False
    return (
        all(isinstance(value, str) for value in found.values())
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
    )


# %% valid_ticket wrong="searches for an object inside the text"
import json
import re


def valid_ticket(text):
    match = re.search(r"\{.*\}", text, re.DOTALL)
    if not match:
        return False
    try:
        found = json.loads(match.group())
    except ValueError:
        return False
    return (
        set(found) == {"intent", "priority", "product"}
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
        and isinstance(found["product"], str)
    )


# %% valid_ticket wrong="checks that it is JSON, not what is in it"
import json


def valid_ticket(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


# %% valid_ticket wrong="forgets that the product must be a string"
import json


def valid_ticket(text):
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return (
        isinstance(found, dict)
        and set(found) == {"intent", "priority", "product"}
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
    )


# %% valid_ticket wrong="looks up a label before it knows that it is a string"
import json


def valid_ticket(text):
    try:
        found = json.loads(text)
    except ValueError:
        return False
    if not isinstance(found, dict) or set(found) != {"intent", "priority", "product"}:
        return False
    if found["intent"] not in set(INTENTS) or found["priority"] not in set(PRIORITIES):
        return False
    return isinstance(found["product"], str)


# %% valid_ticket wrong="reads Python as if it were JSON"
import ast


def valid_ticket(text):
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return False
    return (
        isinstance(found, dict)
        and set(found) == {"intent", "priority", "product"}
        and all(isinstance(value, str) for value in found.values())
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
    )


# %% valid_ticket wrong="lets the error out"
import json


def valid_ticket(text):
    found = json.loads(text)
    return (
        isinstance(found, dict)
        and set(found) == {"intent", "priority", "product"}
        and all(isinstance(value, str) for value in found.values())
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
    )


# %% valid_ticket wrong="forgives upper case in labels"
import json


def valid_ticket(text):
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return (
        isinstance(found, dict)
        and set(found) == {"intent", "priority", "product"}
        and all(isinstance(value, str) for value in found.values())
        and found["intent"].strip().lower() in INTENTS
        and found["priority"].strip().lower() in PRIORITIES
    )


# %% valid_ticket wrong="returns the object instead of True"
import json


def valid_ticket(text):
    try:
        found = json.loads(text)
    except ValueError:
        return False
    if (
        isinstance(found, dict)
        and set(found) == {"intent", "priority", "product"}
        and all(isinstance(value, str) for value in found.values())
        and found["intent"] in INTENTS
        and found["priority"] in PRIORITIES
    ):
        return found
    return False


# %% valid_ticket right="guard clauses, one rule a line"
import json


def valid_ticket(text):
    try:
        found = json.loads(text.strip())
    except json.JSONDecodeError:
        return False
    if type(found) is not dict:
        return False
    if sorted(found) != ["intent", "priority", "product"]:
        return False
    for value in found.values():
        if not isinstance(value, str):
            return False
    return found["intent"] in list(INTENTS) and found["priority"] in list(PRIORITIES)


# %% valid_ticket right="matches patterns, with labels of its own"
import json


def valid_ticket(text):
    intents = {"refund", "exchange", "delivery", "defect", "billing", "advice"}
    try:
        answer = json.loads(text)
    except Exception:
        return False
    match answer:
        case {"intent": str(intent), "priority": "low" | "normal" | "high", "product": str(_), **rest}:
            return intent in intents and not rest
    return False


# %% valid_ticket right="compares with what it would have written"
import json

KEYS = ("intent", "priority", "product")


def rebuilt(found):
    return {key: str(found[key]) for key in KEYS}


def valid_ticket(text):
    try:
        found = json.loads(text)
        return bool(rebuilt(found) == found and found["intent"] in INTENTS and found["priority"] in PRIORITIES)
    except (ValueError, KeyError, TypeError, IndexError):
        return False


# %% monthly_cost wrong="takes prices per thousand tokens"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return requests * (prompt_tokens * price_in + output_tokens * price_out) / 1_000 + fixed


# %% monthly_cost wrong="forgets the fixed cost"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return requests * (prompt_tokens * price_in + output_tokens * price_out) / 1_000_000


# %% monthly_cost wrong="charges the fixed cost with every request"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return requests * ((prompt_tokens * price_in + output_tokens * price_out) / 1_000_000 + fixed)


# %% monthly_cost wrong="charges all tokens at the price of input"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return requests * (prompt_tokens + output_tokens) * price_in / 1_000_000 + fixed


# %% monthly_cost wrong="swaps the two prices"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return requests * (prompt_tokens * price_out + output_tokens * price_in) / 1_000_000 + fixed


# %% monthly_cost wrong="rounds to cents"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return round(requests * (prompt_tokens * price_in + output_tokens * price_out) / 1_000_000 + fixed, 2)


# %% monthly_cost wrong="divides whole numbers, and drops the rest"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return requests * (prompt_tokens * price_in + output_tokens * price_out) // 1_000_000 + fixed


# %% monthly_cost wrong="forgets to multiply by the requests"
def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    return (prompt_tokens * price_in + output_tokens * price_out) / 1_000_000 + fixed


# %% monthly_cost right="a product of vectors, in NumPy"
import numpy as np


def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    tokens, prices = np.array([prompt_tokens, output_tokens], dtype=float), np.array([price_in, price_out], dtype=float)
    return requests * (tokens @ prices) / 1e6 + fixed


# %% monthly_cost right="adds up input and output by the month"
MILLION = 10**6


def monthly_cost(requests, prompt_tokens, output_tokens, price_in, price_out, fixed=0.0):
    cost_in = requests * prompt_tokens / MILLION * price_in
    cost_out = requests * output_tokens / MILLION * price_out
    return float(sum([cost_in, cost_out, fixed]))


# %% break_even_requests wrong="rounds up"
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    saving = cost_per_request_before - cost_per_request_after
    return math.inf if saving <= 0 else math.ceil(upfront / saving)


# %% break_even_requests wrong="divides by a saving of zero"
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    saving = cost_per_request_before - cost_per_request_after
    return math.inf if saving < 0 else upfront / saving


# %% break_even_requests wrong="gives negative requests when after is dearer"
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    if cost_per_request_before == cost_per_request_after:
        return math.inf
    return upfront / (cost_per_request_before - cost_per_request_after)


# %% break_even_requests wrong="subtracts the wrong way round"
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    saving = cost_per_request_after - cost_per_request_before
    return math.inf if saving == 0 else upfront / saving


# %% break_even_requests wrong="says 0 when nothing was paid, though nothing is saved"
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    if upfront == 0:
        return 0.0
    saving = cost_per_request_before - cost_per_request_after
    return upfront / saving if saving > 0 else math.inf


# %% break_even_requests wrong="returns nothing when it never pays"
def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    if cost_per_request_after < cost_per_request_before:
        return upfront / (cost_per_request_before - cost_per_request_after)


# %% break_even_requests wrong="divides by the cost before, not by the saving"
import math


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    if cost_per_request_after >= cost_per_request_before:
        return math.inf
    return upfront / cost_per_request_before


# %% break_even_requests right="NumPy floats, compared the other way round"
import numpy as np


def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    before, after = np.float64(cost_per_request_before), np.float64(cost_per_request_after)
    return np.float64(upfront) / (before - after) if before > after else np.inf


# %% break_even_requests right="uses float('inf') and an early exit for zero"
def break_even_requests(upfront, cost_per_request_before, cost_per_request_after):
    if not cost_per_request_after < cost_per_request_before:
        return float("inf")
    if upfront == 0:
        return 0.0
    return 1 / ((cost_per_request_before - cost_per_request_after) / upfront)


# %% choose_approach wrong="wants more than 50 examples"
def choose_approach(problem):
    if problem["prompt_is_enough"]:
        return "prompt"
    enough = problem["examples"] > 50
    if problem["gap"] == "behaviour":
        return "fine-tune" if enough else "prompt"
    if problem["gap"] == "both":
        return "hybrid" if enough else "rag"
    return "rag"


# %% choose_approach wrong="fine-tunes although the prompt is enough"
def choose_approach(problem):
    enough = problem["examples"] >= 50
    if problem["gap"] == "behaviour" and enough:
        return "fine-tune"
    if problem["gap"] == "both" and enough:
        return "hybrid"
    if problem["prompt_is_enough"] or problem["gap"] == "behaviour":
        return "prompt"
    return "rag"


# %% choose_approach wrong="trains without examples"
def choose_approach(problem):
    if problem["prompt_is_enough"]:
        return "prompt"
    return {"behaviour": "fine-tune", "knowledge": "rag", "both": "hybrid"}[problem["gap"]]


# %% choose_approach wrong="falls back to the prompt when both are wrong and examples are few"
def choose_approach(problem):
    if problem["prompt_is_enough"]:
        return "prompt"
    if problem["gap"] == "knowledge":
        return "rag"
    if problem["examples"] < 50:
        return "prompt"
    return "fine-tune" if problem["gap"] == "behaviour" else "hybrid"


# %% choose_approach wrong="trains facts when there are many examples"
def choose_approach(problem):
    if problem["prompt_is_enough"]:
        return "prompt"
    if problem["examples"] >= 50:
        return "hybrid" if problem["gap"] == "both" else "fine-tune"
    return "prompt" if problem["gap"] == "behaviour" else "rag"


# %% choose_approach wrong="spells it finetune"
def choose_approach(problem):
    if problem["prompt_is_enough"]:
        return "prompt"
    enough = problem["examples"] >= 50
    if problem["gap"] == "behaviour":
        return "finetune" if enough else "prompt"
    if problem["gap"] == "both":
        return "hybrid" if enough else "rag"
    return "rag"


# %% choose_approach wrong="takes the caller's dict apart"
def choose_approach(problem):
    if problem.pop("prompt_is_enough"):
        return "prompt"
    enough = problem.pop("examples") >= 50
    gap = problem.pop("gap")
    if gap == "behaviour":
        return "fine-tune" if enough else "prompt"
    if gap == "both":
        return "hybrid" if enough else "rag"
    return "rag"


# %% choose_approach wrong="breaks on other keys"
def choose_approach(problem):
    def decide(prompt_is_enough, gap, examples):
        if prompt_is_enough:
            return "prompt"
        if gap == "behaviour":
            return "fine-tune" if examples >= 50 else "prompt"
        if gap == "both":
            return "hybrid" if examples >= 50 else "rag"
        return "rag"

    return decide(**problem)


# %% choose_approach right="looks the answer up in a table"
APPROACHES = {
    ("behaviour", True): "fine-tune", ("behaviour", False): "prompt",
    ("knowledge", True): "rag", ("knowledge", False): "rag",
    ("both", True): "hybrid", ("both", False): "rag",
}  # fmt: skip


def choose_approach(problem):
    return "prompt" if problem["prompt_is_enough"] else APPROACHES[problem["gap"], problem["examples"] >= 50]


# %% choose_approach right="asks which tools are needed, then names the mixture"
def choose_approach(problem):
    needs_facts = problem.get("gap") in {"knowledge", "both"}
    can_train = problem.get("gap") in {"behaviour", "both"} and not problem.get("examples", 0) < 50
    match (bool(problem.get("prompt_is_enough")), needs_facts, can_train):
        case (True, _, _) | (False, False, False):
            return "prompt"
        case (False, True, False):
            return "rag"
        case (False, False, True):
            return "fine-tune"
    return "hybrid"
