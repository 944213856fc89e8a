"""Recommend an approach from the answers to the framework's questions, and show the road that led there.

explore_decision()
recommend(Problem(prompt_is_enough=False, gap="behaviour", examples=400)).approach
"""

from __future__ import annotations

from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.explorer import Explorer
from course.figures import COLOURS, DIM, GRID, INK, PAPER, figure

ENOUGH = 50
"""Good examples below which fine-tuning is not worth starting: the lower end of a common planning range, 50 to 100."""

GAPS = {
    "how it behaves: format, labels, tone": "behaviour",
    "what it knows: facts, documents": "knowledge",
    "both": "both",
}
FACTS = {
    "change weekly or faster": "often",
    "change rarely and fit into 200,000 tokens": "small",
    "change rarely, but are many": "large",
}
EXAMPLES = (0, 10, 25, 49, 50, 75, 100, 250, 500, 1_000, 2_000, 5_000)


@dataclass(frozen=True)
class Problem:
    """The answers to the framework's questions."""

    prompt_is_enough: bool
    gap: str
    """"behaviour", "knowledge" or "both": what a good prompt leaves wrong."""
    examples: int
    facts: str = "often"
    """"often" (they change), "small" (stable, fit into one prompt) or "large" (stable, many)."""
    urgent: bool = False
    """Every tenth of a second counts."""
    private: bool = False
    """The data may not leave the company's own servers."""


@dataclass(frozen=True)
class Recommendation:
    """An approach, the reason for it, and what else the answers imply."""

    approach: str
    reason: str
    advice: tuple[str, ...]


def recommend(problem: Problem) -> Recommendation:
    """Recommend an approach and say why."""
    trains, advice = problem.examples >= ENOUGH, []
    if problem.prompt_is_enough:
        chosen = "Prompt", "The prompt already does the job. Ship it, keep its test set, and stop here."
    elif problem.gap == "knowledge":
        chosen = (
            "RAG",
            "The model lacks facts. Bring them into the prompt: a trained copy goes stale.",
        )
    elif problem.gap == "behaviour" and trains:
        chosen = "Fine-tune", "The model knows enough but behaves unreliably, and you have examples of the behaviour."
    elif problem.gap == "behaviour":
        chosen = (
            "Prompt",
            f"Behaviour calls for training, but {problem.examples} examples are too few. Collect more.",
        )
    elif trains:
        chosen = "Hybrid", "Two gaps, two tools: an adapter for the behaviour, retrieval for the facts."
    else:
        chosen = "RAG", f"Fill the knowledge gap now. For the behaviour, {problem.examples} examples are too few yet."
    uses_facts, is_trained = chosen[0] in ("RAG", "Hybrid"), chosen[0] in ("Fine-tune", "Hybrid")
    if uses_facts and problem.facts == "small":
        advice.append("So few facts fit into a long context: try that before you build a retriever.")
    if uses_facts and problem.urgent:
        advice.append("Plan for the time that retrieval adds (a common planning range is 200 to 500 ms), or cache it.")
    if is_trained and problem.examples < 2 * ENOUGH:
        advice.append("You are at the lower edge of what training needs: check every example by hand.")
    if is_trained and problem.urgent:
        advice.append("A smaller fine-tuned model with a short prompt is also the fast choice.")
    if problem.private:
        advice.append("Private data: run an open-weights model on your own servers, whichever approach you take.")
    return Recommendation(*chosen, tuple(advice))


BOXES = {  # text, x, y, colour
    "start": ("Is a good prompt\nenough, measured?", 0.0, 2.0, INK),
    "gap": ("What does it\nget wrong?", 1.6, 2.0, INK),
    "count": (f"{ENOUGH} good\nexamples?", 2.95, 3.0, INK),
    "count both": (f"{ENOUGH} good\nexamples?", 2.95, 1.0, INK),
    "Prompt": ("Prompt", 4.3, 4.0, COLOURS["prompt"]),
    "Fine-tune": ("Fine-tune", 4.3, 3.0, COLOURS["tuned"]),
    "RAG": ("RAG", 4.3, 2.0, COLOURS["rag"]),
    "Hybrid": ("Hybrid", 4.3, 1.0, COLOURS["hybrid"]),
}
ENDS = ("Prompt", "Fine-tune", "RAG", "Hybrid")
ROADS = (
    ("start", "Prompt", "yes"), ("start", "gap", "no"),
    ("gap", "count", "behaviour"), ("gap", "RAG", "knowledge"), ("gap", "count both", "both"),
    ("count", "Prompt", "no"), ("count", "Fine-tune", "yes"),
    ("count both", "RAG", "no"), ("count both", "Hybrid", "yes"),
)  # fmt: skip


def road(problem: Problem) -> tuple[str, ...]:
    """Return the boxes that the answers pass through, the recommendation last."""
    end = recommend(problem).approach
    if problem.prompt_is_enough:
        return "start", end
    middle = {"behaviour": ("count",), "knowledge": (), "both": ("count both",)}[problem.gap]
    return "start", "gap", *middle, end


def draw_decision(problem: Problem) -> tuple[Figure, str, str]:
    """Draw the framework with this problem's road in colour; return the figure, its description and the reason."""
    found, taken = recommend(problem), road(problem)
    steps = set(zip(taken, taken[1:], strict=False))
    color = BOXES[found.approach][3]
    fig, ax = figure(f"Your answers lead to: {found.approach}", size=(7.2, 3.5), grid="")
    ax.set(xlim=(-0.66, 4.75), ylim=(0.45, 4.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    boxes = {}
    for name, (text, x, y, own) in BOXES.items():
        end, on = name in ENDS, name in taken
        box = {"facecolor": own if end and on else PAPER, "edgecolor": own if on or end else GRID}
        boxes[name] = ax.text(
            x, y, text, ha="center", va="center", fontsize=10, zorder=2, fontweight="bold" if on else "normal",
            color=PAPER if end and on else own if on or end else DIM,
            bbox={"boxstyle": "round,pad=0.45", "linewidth": 1.6 if on else 1, **box},
        )  # fmt: skip
    for start, end, answer in ROADS:
        (_, x, y, _), (_, to_x, to_y, _) = BOXES[start], BOXES[end]
        on = (start, end) in steps
        arrow = {
            "arrowstyle": "-|>,head_width=0.25", "color": color if on else "#b9b6ad", "linewidth": 2.6 if on else 1.1,
            "patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch(), "shrinkA": 1, "shrinkB": 3,
        }  # fmt: skip
        middle = x + (to_x - x) * 0.52, y + (to_y - y) * 0.52
        if (start, end) == ("start", "Prompt"):  # up and over the other boxes
            arrow["connectionstyle"], middle = "angle,angleA=90,angleB=180,rad=8", (1.6, to_y)
        ax.annotate("", (to_x, to_y), (x, y), arrowprops=arrow, zorder=3)
        ax.text(
            *middle, answer, ha="center", va="center", fontsize=9, zorder=4,
            color=color if on else DIM, fontweight="bold" if on else "normal",
            bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"},
        )  # fmt: skip
    advice = "".join(f"<li>{line}</li>" for line in found.advice)
    text = f"<p><b>{found.approach}.</b> {found.reason}</p>" + (f"<ul>{advice}</ul>" if advice else "")
    return fig, f"The decision as a tree. These answers lead to: {found.approach}. {found.reason}", text


def explore_decision() -> None:
    """Show the decision explorer."""
    wide = {"layout": widgets.Layout(width="98%"), "style": {"description_width": "11rem"}}
    prompt = widgets.RadioButtons(
        options={"no, and I measured it": False, "yes": True}, description="Is a good prompt enough?", **wide
    )
    gap = widgets.RadioButtons(options=GAPS, description="What does it get wrong?", **wide)
    examples = widgets.SelectionSlider(options=EXAMPLES, value=500, description="Good examples", layout=wide["layout"])
    examples.style.description_width = "initial"
    facts = widgets.RadioButtons(options=FACTS, description="The facts it needs", **wide)
    urgent = widgets.Checkbox(description="every tenth of a second counts", indent=False, layout=wide["layout"])
    private = widgets.Checkbox(description="data must stay on our servers", indent=False, layout=wide["layout"])
    controls = [prompt, gap, examples, facts, urgent, private]

    def draw() -> tuple[Figure, str, str]:
        return draw_decision(Problem(prompt.value, gap.value, examples.value, facts.value, urgent.value, private.value))

    hint = "Answer for a project of yours, or for one of Juniper's three jobs. Tab and the arrow keys work everywhere."
    boxes = widgets.HBox([urgent, private])
    Explorer("Which approach fits your problem?", [*controls[:4], boxes], controls, draw, hint).show()
