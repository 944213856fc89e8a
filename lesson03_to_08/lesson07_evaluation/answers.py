# %% [markdown]
# ## release_gate


# %% release_gate wrong="compares the scores and never looks at the intervals"
def release_gate(report):
    reasons = [name for name, row in report.items() if row["tuned"] < row["base"]]
    if report["triage"]["tuned"] <= report["triage"]["base"] and "triage" not in reasons:
        reasons.append("triage")
    return not reasons, reasons


# %% release_gate wrong="asks every metric to improve, not only the target"
def release_gate(report):
    reasons = [f"{name} is not better" for name, row in report.items() if not row["low"] > 0]
    return not reasons, reasons


# %% release_gate wrong="blocks a metric as soon as its interval reaches below 0"
def release_gate(report):
    reasons = []
    for name, row in report.items():
        if name == "triage" and row["low"] <= 0:
            reasons.append("triage is not shown to be better")
        if name != "triage" and row["low"] < 0:
            reasons.append(f"{name} may be worse")
    return not reasons, reasons


# %% release_gate wrong="lets the target pass when its interval touches 0"
def release_gate(report):
    reasons = []
    for name, row in report.items():
        if (name == "triage" and row["low"] < 0) or (name != "triage" and row["high"] < 0):
            reasons.append(f"{name} failed")
    return not reasons, reasons


# %% release_gate wrong="only asks whether the target got worse"
def release_gate(report):
    reasons = [f"{name} is worse than before" for name, row in report.items() if row["high"] < 0]
    return not reasons, reasons


# %% release_gate wrong="stops at the first metric that failed"
def release_gate(report):
    for name, row in report.items():
        if (name == "triage" and row["low"] <= 0) or (name != "triage" and row["high"] < 0):
            return False, [name]
    return True, []


# %% release_gate wrong="gives one sentence for all of them"
def release_gate(report):
    failed = [name for name, row in report.items() if (row["low"] <= 0 if name == "triage" else row["high"] < 0)]
    return not failed, ["failed: " + ", ".join(failed)] if failed else []


# %% release_gate wrong="names no metric in its reasons"
def release_gate(report):
    reasons = []
    for name, row in report.items():
        if name == "triage" and row["low"] <= 0:
            reasons.append("the target is not shown to be better")
        elif name != "triage" and row["high"] < 0:
            reasons.append("something else is worse")
    return not reasons, reasons


# %% release_gate right="asks the target first, then the others"
def release_gate(report):
    others = {name: row for name, row in report.items() if name != "triage"}
    reasons = [] if report["triage"]["low"] > 0 else ["triage: no proven gain"]
    reasons += [f"{name}: fell by at least {-row['high']:.3f}" for name, row in others.items() if row["high"] < 0]
    return len(reasons) == 0, reasons


# %% release_gate right="a table of rules"
def release_gate(report):
    failed = {True: lambda row: not row["low"] > 0, False: lambda row: row["high"] < 0}
    names = sorted(name for name in report if failed[name == "triage"](report[name]))
    return names == [], names


# %% [markdown]
# ## wilson_interval


# %% wilson_interval wrong="the textbook interval, which has no width at 100 %"
def wilson_interval(correct, n, z=1.96):
    if n == 0:
        return 0.0, 1.0
    share = correct / n
    half = z * math.sqrt(share * (1 - share) / n)
    return max(0.0, share - half), min(1.0, share + half)


# %% wilson_interval wrong="divides by zero without any ticket"
def wilson_interval(correct, n, z=1.96):
    share, spread = correct / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return middle - half, middle + half


# %% wilson_interval wrong="ignores z"
def wilson_interval(correct, n, z=1.96):
    if n == 0:
        return 0.0, 1.0
    z = 1.96
    share, spread = correct / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return middle - half, middle + half


# %% wilson_interval wrong="moves the middle but keeps the textbook width"
def wilson_interval(correct, n, z=1.96):
    if n == 0:
        return 0.0, 1.0
    share, spread = correct / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n)
    return middle - half, middle + half


# %% wilson_interval wrong="forgets to divide the half width by 1 + z²/n"
def wilson_interval(correct, n, z=1.96):
    if n == 0:
        return 0.0, 1.0
    share, spread = correct / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return middle - half, middle + half


# %% wilson_interval wrong="gives percent"
def wilson_interval(correct, n, z=1.96):
    if n == 0:
        return 0.0, 100.0
    share, spread = correct / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return 100 * (middle - half), 100 * (middle + half)


# %% wilson_interval right="solves the quadratic equation"
import numpy as np


def wilson_interval(correct, n, z=1.96):
    if not n:
        return [0.0, 1.0]
    a, b, c = n + z * z, -(2 * correct + z * z), correct * correct / n
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return np.float64((-b - root) / (2 * a)), np.float64((-b + root) / (2 * a))


# %% wilson_interval right="in counts, clipped to 0 and 1"
def wilson_interval(correct, n, z=1.96):
    if n == 0:
        return (0.0, 1.0)
    wrong = n - correct
    middle = correct + z**2 / 2
    half = z * (correct * wrong / n + z**2 / 4) ** 0.5
    return max(0.0, (middle - half) / (n + z**2)), min(1.0, (middle + half) / (n + z**2))


# %% [markdown]
# ## mcnemar_p


# %% mcnemar_p wrong="forgets the other tail"
def mcnemar_p(only_a, only_b):
    n, few = only_a + only_b, min(only_a, only_b)
    return sum(math.comb(n, i) for i in range(few + 1)) / 2**n


# %% mcnemar_p wrong="goes above 1 when both sides are equal"
def mcnemar_p(only_a, only_b):
    n, few = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    return 2 * sum(math.comb(n, i) for i in range(few + 1)) / 2**n


# %% mcnemar_p wrong="the probability of exactly this split"
def mcnemar_p(only_a, only_b):
    n = only_a + only_b
    return min(1.0, 2 * math.comb(n, only_a) / 2**n)


# %% mcnemar_p wrong="overflows for thousands of pairs"
def mcnemar_p(only_a, only_b):
    n, few = only_a + only_b, min(only_a, only_b)
    return min(1.0, 2 * sum(float(math.comb(n, i)) * 0.5**n for i in range(few + 1)))


# %% mcnemar_p wrong="the chi-square approximation"
def mcnemar_p(only_a, only_b):
    if only_a + only_b == 0:
        return 1.0
    return math.erfc(math.sqrt((only_a - only_b) ** 2 / (only_a + only_b) / 2))


# %% mcnemar_p wrong="counts from the larger side"
def mcnemar_p(only_a, only_b):
    n, many = only_a + only_b, max(only_a, only_b)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(many + 1)) / 2**n)


# %% mcnemar_p wrong="only looks whether b is better"
def mcnemar_p(only_a, only_b):
    n = only_a + only_b
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(only_a + 1)) / 2**n)


# %% mcnemar_p right="asks SciPy"
from scipy.stats import binomtest


def mcnemar_p(only_a, only_b):
    if only_a + only_b == 0:
        return 1.0
    return binomtest(only_b, only_a + only_b).pvalue


# %% mcnemar_p right="adds logarithms"
def mcnemar_p(only_a, only_b):
    n, few = only_a + only_b, min(only_a, only_b)
    top = math.lgamma(n + 1) - n * math.log(2)
    return min(1.0, 2 * sum(math.exp(top - math.lgamma(i + 1) - math.lgamma(n - i + 1)) for i in range(few + 1)))


# %% mcnemar_p right="whole numbers, one term from the one before"
def mcnemar_p(only_a, only_b):
    n = only_a + only_b
    term = total = 1
    for i in range(min(only_a, only_b)):
        term = term * (n - i) // (i + 1)
        total += term
    return min(1.0, 2 * total / 2**n)


# %% [markdown]
# ## bootstrap_difference


# %% bootstrap_difference wrong="resamples the two lists independently"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng(seed)
    a, b = np.asarray(a, float), np.asarray(b, float)
    left = rng.integers(len(a), size=(samples, len(a)))
    right = rng.integers(len(a), size=(samples, len(a)))
    return tuple(np.percentile(b[right].mean(1) - a[left].mean(1), [2.5, 97.5]))


# %% bootstrap_difference wrong="a minus b"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng(seed)
    gaps = np.asarray(a, float) - np.asarray(b, float)
    means = gaps[rng.integers(len(gaps), size=(samples, len(gaps)))].mean(1)
    return tuple(np.percentile(means, [2.5, 97.5]))


# %% bootstrap_difference wrong="a 90 % interval"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng(seed)
    gaps = np.asarray(b, float) - np.asarray(a, float)
    means = gaps[rng.integers(len(gaps), size=(samples, len(gaps)))].mean(1)
    return tuple(np.percentile(means, [5, 95]))


# %% bootstrap_difference wrong="percentiles of the items, not of the means"
def bootstrap_difference(a, b, samples, seed):
    gaps = np.asarray(b, float) - np.asarray(a, float)
    return tuple(np.percentile(gaps, [2.5, 97.5]))


# %% bootstrap_difference wrong="forgets the seed"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng()
    gaps = np.asarray(b, float) - np.asarray(a, float)
    means = gaps[rng.integers(len(gaps), size=(samples, len(gaps)))].mean(1)
    return tuple(np.percentile(means, [2.5, 97.5]))


# %% bootstrap_difference wrong="draws without putting back"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng(seed)
    gaps = np.asarray(b, float) - np.asarray(a, float)
    means = [rng.permutation(gaps).mean() for _ in range(samples)]
    return tuple(np.percentile(means, [2.5, 97.5]))


# %% bootstrap_difference wrong="resamples half of the pairs"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng(seed)
    gaps = np.asarray(b, float) - np.asarray(a, float)
    means = gaps[rng.integers(len(gaps), size=(samples, max(1, len(gaps) // 2)))].mean(1)
    return tuple(np.percentile(means, [2.5, 97.5]))


# %% bootstrap_difference wrong="0.025 and 0.975 taken for percent"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.default_rng(seed)
    gaps = np.asarray(b, float) - np.asarray(a, float)
    means = gaps[rng.integers(len(gaps), size=(samples, len(gaps)))].mean(1)
    return tuple(np.percentile(means, [0.025, 0.975]))


# %% bootstrap_difference right="the standard library, sorted"
import random


def bootstrap_difference(a, b, samples, seed):
    draw = random.Random(seed)
    gaps = [y - x for x, y in zip(a, b)]
    means = sorted(sum(draw.choices(gaps, k=len(gaps))) / len(gaps) for _ in range(samples))
    return means[int(0.025 * samples)], means[min(int(0.975 * samples), samples - 1)]


# %% bootstrap_difference right="counts how often each pair is drawn"
def bootstrap_difference(a, b, samples, seed):
    rng = np.random.RandomState(seed)
    n = len(a)
    counts = rng.multinomial(n, [1 / n] * n, size=samples)
    means = counts @ (np.array(b, dtype=float) - np.array(a, dtype=float)) / n
    return [float(np.quantile(means, q, method="nearest")) for q in (0.025, 0.975)]


# %% bootstrap_difference right="in torch, with means of a and b apart"
import torch


def bootstrap_difference(a, b, samples, seed):
    rng = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(a), (samples, len(a)), generator=rng)
    x, y = (torch.tensor(list(values), dtype=torch.float64)[rows].mean(1) for values in (a, b))
    low, high = torch.quantile(y - x, torch.tensor([0.025, 0.975], dtype=torch.float64))
    return low.item(), high.item()


# %% [markdown]
# ## swap_consistent


# %% swap_consistent wrong="compares the letters without turning one round"
def swap_consistent(first_order, swapped_order):
    return [one if one == two else "tie" for one, two in zip(first_order, swapped_order)]


# %% swap_consistent wrong="calls a win and a tie a win"
def swap_consistent(first_order, swapped_order):
    turn = {"A": "B", "B": "A", "tie": "tie"}
    verdicts = []
    for one, two in zip(first_order, swapped_order):
        two = turn[two]
        if "tie" in (one, two):
            verdicts.append(two if one == "tie" else one)
        else:
            verdicts.append(one if one == two else "tie")
    return verdicts


# %% swap_consistent wrong="leaves out the items without a winner"
def swap_consistent(first_order, swapped_order):
    turn = {"A": "B", "B": "A", "tie": "tie"}
    return [one for one, two in zip(first_order, swapped_order) if one == turn[two]]


# %% swap_consistent wrong="answers in the swapped order's letters"
def swap_consistent(first_order, swapped_order):
    turn = {"A": "B", "B": "A", "tie": "tie"}
    return [two if one == turn[two] else "tie" for one, two in zip(first_order, swapped_order)]


# %% swap_consistent wrong="turns the argument round in place"
def swap_consistent(first_order, swapped_order):
    turn = {"A": "B", "B": "A", "tie": "tie"}
    for place, verdict in enumerate(swapped_order):
        swapped_order[place] = turn[verdict]
    return [one if one == two else "tie" for one, two in zip(first_order, swapped_order)]


# %% swap_consistent wrong="trusts the first order"
def swap_consistent(first_order, swapped_order):
    return list(first_order)


# %% swap_consistent right="names the two patterns that count"
def swap_consistent(first_order, swapped_order):
    wins = {("A", "B"): "A", ("B", "A"): "B"}
    return [wins.get(pair, "tie") for pair in zip(first_order, swapped_order)]


# %% swap_consistent right="adds up points"
def swap_consistent(first_order, swapped_order):
    points = {"A": 1, "B": -1, "tie": 0}
    total = [points[one] - points[two] for one, two in zip(first_order, swapped_order)]
    return ["A" if score == 2 else "B" if score == -2 else "tie" for score in total]
