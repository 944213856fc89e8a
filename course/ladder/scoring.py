"""Turn what was measured into the state of rungs 4 and 5 and into the score.

score = behaviour × (0.9 + 0.1 × memory), 0 unless rungs 1 to 3 are passed, where
behaviour = 0.3 × part(valid, 0.20, 0.98) + 0.7 × part(correct, 0.20, 0.90),
memory = 1 up to a perplexity ratio of MAX_RATIO, falling to 0 at twice that, and
part(x, low, high) grows linearly from 0 at low to 1 at high. 0.20 is the most a bare base reaches on the ticket alone.
"""

from course.ladder.behaviour import Measured
from course.ladder.report import FAILED, PASSED, Rung, percent

BASE_LEVEL = 0.20
VALID_MARK, CORRECT_MARK = 0.98, 0.90
MAX_RATIO = 1.5
"""The adapter's perplexity on general text as a multiple of the base's, at most.

Measured on the bundled model, 120 steps: 1.01 at a learning rate of 2e-3, over 1000 at 3e-2.
"""


def behaviour_rung(found: Measured) -> Rung:
    """Say whether enough answers are valid and right, else what the figures point to."""
    triage = found.triage
    figures = f"{percent(triage.valid)} valid JSON, {percent(triage.correct)} right in all three fields"
    if triage.valid >= VALID_MARK and triage.correct >= CORRECT_MARK:
        return Rung(4, "Behaviour", PASSED, f"{figures}, on tickets nobody has trained on.")
    need = f"; it takes {percent(VALID_MARK)} and {percent(CORRECT_MARK)}"
    return Rung(4, "Behaviour", FAILED, f"{figures}{need}. {_likely_mistake(found)}")


def _likely_mistake(found: Measured) -> str:
    triage = found.triage
    if found.runs_on >= 0.10:
        return (
            f"{percent(found.runs_on)} of the answers begin with the right kind of object and do not stop there: "
            "keep the end-of-turn token among the labels."
        )
    if found.ratio > 2 * MAX_RATIO:
        return "General text is lost as well: training diverged. Lower the learning rate and train again."
    if triage.valid <= BASE_LEVEL + 0.10:
        return (
            "That is close to the bare model. Train longer or with a higher learning rate, on the ticket alone as the "
            "prompt, and save the model that the trainer returns."
        )
    if triage.valid < 0.90:
        return "The format has not settled yet: train for more steps, or with a higher learning rate."
    worst = min(("intent", "priority", "product"), key=lambda field: getattr(triage, field))
    advice = {
        "intent": "show it more tickets, and more different ones",
        "priority": "check that the labels follow the shop's rule, and train for more steps",
        "product": "it has to copy the name from the ticket: train for more steps",
    }[worst]
    if triage.valid < VALID_MARK and triage.correct >= CORRECT_MARK * triage.valid:
        return "The labels are good where the format is: train for a few more steps."
    return f"Weakest is the {worst} ({percent(getattr(triage, worst))} right): {advice}."


def forgetting_rung(found: Measured) -> Rung:
    """Say whether general text is still predicted about as well as by the base."""
    ratio = f"{found.ratio:.2f}" if found.ratio < 1000 else "over 1000"
    figures = f"Perplexity on general text is {ratio} × the base's"
    if found.ratio <= MAX_RATIO:
        return Rung(5, "Forgetting", PASSED, f"{figures}; up to {MAX_RATIO:g} × passes.")
    advice = "the learning rate was too high or the steps too many. Lower one of them and train again"
    return Rung(5, "Forgetting", FAILED, f"{figures}; up to {MAX_RATIO:g} × passes: {advice}.")


def score(found: Measured) -> float:
    """Return the score, 0 to 1, of an adapter that passed rungs 1 to 3."""
    return round(behaviour(found) * (0.9 + 0.1 * memory(found)), 6)


def behaviour(found: Measured) -> float:
    """Return the share of rung 4 that is earned, 0 to 1."""
    return 0.3 * _part(found.triage.valid, VALID_MARK) + 0.7 * _part(found.triage.correct, CORRECT_MARK)


def memory(found: Measured) -> float:
    """Return the share of rung 5 that is earned, 0 to 1."""
    return min(max(2 - found.ratio / MAX_RATIO, 0.0), 1.0)


def _part(share: float, mark: float) -> float:
    return min(max((share - BASE_LEVEL) / (mark - BASE_LEVEL), 0.0), 1.0)
