"""Draw the methods of lesson 2: which tokens a loss counts, which models a method keeps, what a run did.

    show(*draw_surprises(tokens, surprises, prompt_length=12))
    show(*draw_models())
    show(*draw_dpo_run(trainer.state.log_history))
    show(*draw_voices({"base": measure_voice(...), "SFT": ..., "SFT, best only": ..., "DPO": ...}))

Each function returns a figure and its description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures import COLOURS, DIM, INK, PAPER, figure, label_bars, label_line
from course.voice import VoiceScore

METHODS = {  # method: models in memory, each with whether it is trained
    "SFT": (("policy", True),),
    "DPO": (("policy", True), ("reference", False)),
    "GRPO": (("policy", True), ("reference\n(if β > 0)", False), ("verifier", None)),
    "RLHF\nwith PPO": (("policy", True), ("reference", False), ("reward model", False), ("value model", True)),
}


def draw_surprises(tokens: Sequence[str], surprises: Sequence[float], prompt_length: int) -> tuple[Figure, str]:
    """Draw −log p of every token but the first; those of the prompt are masked and drawn pale.

    `surprises` has one value fewer than `tokens`: the first token has nothing before it to be predicted from.
    """
    counted = surprises[prompt_length - 1 :]
    mean, whole = sum(counted) / len(counted), sum(surprises) / len(surprises)
    fig, ax = figure(
        f"SFT's loss is the mean of the green bars: {mean:.2f} nats (of all bars: {whole:.2f})",
        ylabel="surprise, −log p (nats)", size=(9.4, 3.5),
    )  # fmt: skip
    places = range(1, len(tokens))
    colors = [COLOURS["base"] if place < prompt_length else COLOURS["tuned"] for place in places]
    for place, surprise, color in zip(places, surprises, colors, strict=True):
        ax.bar(place, surprise, 0.8, color=color, alpha=0.35 if place < prompt_length else 1)
    ax.axvline(prompt_length - 0.5, color=DIM, linewidth=1, linestyle=":")
    top = max(surprises) * 1.12
    ax.text(prompt_length - 0.8, top, "prompt: label −100", color=COLOURS["base"], ha="right", fontweight="bold")
    ax.text(prompt_length - 0.2, top, "reply: counted", color=COLOURS["tuned"], fontweight="bold")
    ax.set(ylim=(0, top * 1.1), xlim=(-0.6, len(tokens) - 0.4))
    ax.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=8, family="monospace")
    alt = (
        f"Bars: the surprise at each of {len(tokens) - 1} tokens. Those of the prompt are pale and not counted; the "
        f"mean over the reply is {mean:.2f} nats, over everything {whole:.2f}."
    )
    return fig, alt


def draw_models() -> tuple[Figure, str]:
    """Draw the models that each method keeps in memory while it trains, and which of them it trains."""
    fig, ax = figure("What has to be in memory while you train", size=(8.4, 3.1), grid="")
    ax.set(xlim=(-0.9, 8.6), ylim=(3.6, -0.7), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    told = []
    for row, (method, models) in enumerate(METHODS.items()):
        ax.text(-0.8, row, method, va="center", color=INK, fontweight="bold")
        for column, (name, trained) in enumerate(models):
            _box(ax, 1.3 + 1.95 * column, row, name, trained)
        told.append(f"{method}: {', '.join(name for name, _ in models)}".replace("\n", " "))
    alt = "; ".join(told) + ". Policy and value model are trained; reference and reward model are frozen."
    return fig, alt


def _box(ax: Axes, x: float, y: float, text: str, trained: bool | None) -> None:
    color = {True: COLOURS["tuned"], False: COLOURS["base"], None: COLOURS["prompt"]}[trained]
    note = {True: "trained", False: "frozen", None: "a program"}[trained]
    style = {"boxstyle": "round,pad=0.45", "edgecolor": color, "facecolor": color if trained else PAPER, "lw": 1.6}
    ink = PAPER if trained else color
    ax.text(
        x, y, f"{text}\n{note}", ha="center", va="center", fontsize=9, color=ink, fontweight="bold", bbox=style
    )  # fmt: skip


def draw_dpo_run(history: Sequence[Mapping[str, float]]) -> tuple[Figure, str]:
    """Draw a DPO run's margin and the log-probabilities of both sides, on its evaluation pairs."""
    from course.dpo import logged

    steps, chosen = logged(history, "logps/chosen")
    rejected, margins = logged(history, "logps/rejected")[1], logged(history, "rewards/margins")[1]
    likely = "less" if chosen[-1] < chosen[0] else "more"
    fig, (left, right) = figure(
        f"The margin grows, and the chosen replies become {likely} likely", columns=2, size=(9.0, 3.6)
    )  # fmt: skip
    left.plot(steps, margins, "o-", color=COLOURS["rag"], markersize=4)
    left.set(xlabel="optimizer step", ylabel="margin (implicit rewards)")
    for name, curve, color in (("chosen", chosen, COLOURS["tuned"]), ("rejected", rejected, COLOURS["bad"])):
        right.plot(steps, curve, "o-", color=color, markersize=4)
        label_line(right, steps, curve, name, color)
    right.set(xlabel="optimizer step", ylabel="log-probability (nats per reply)")
    for ax, beyond in ((left, 1.03), (right, 1.3)):
        ax.set_xlim(-0.03 * steps[-1], beyond * steps[-1])
        ax.set_xticks([step for step in steps if step % 20 == 0])
    alt = (
        f"Margin from {margins[0]:.2f} to {margins[-1]:.2f}. Log-probability of the chosen replies from "
        f"{chosen[0]:.1f} to {chosen[-1]:.1f} nats, of the rejected from {rejected[0]:.1f} to {rejected[-1]:.1f}."
    )
    return fig, alt


def draw_voices(results: Mapping[str, VoiceScore], best: float = 2 / 3) -> tuple[Figure, str]:
    """Draw voice score, wholly Juniper and helpful of the base, of both SFT runs and of DPO.

    `best` is the voice score of the best reply that was there to be imitated; a dashed line marks it.
    """
    bars = {"voice": "voice score", "whole": "wholly Juniper", "helpful": "helpful"}
    colors = ("base", "prompt", "rag", "tuned")
    fig, ax = figure(
        f"Wholly in Juniper's voice: {results['SFT'].whole:.0%} after SFT, {results['DPO'].whole:.0%} after DPO",
        ylabel="mean over 100 fresh tickets (%)", size=(8.8, 4.0),
    )  # fmt: skip
    for place, ((name, found), color) in enumerate(zip(results.items(), colors, strict=True)):
        heights = [100 * getattr(found, bar) for bar in bars]
        places = [group + 0.21 * (place - 1.5) for group in range(3)]
        label_bars(ax, ax.bar(places, heights, 0.2, color=COLOURS[color], label=name))
    ax.axhline(100 * best, xmax=0.31, color=COLOURS["base"], linestyle="--", linewidth=1.2)
    ax.text(-0.46, 100 * best + 2, "best reply in\nthe archive", color=COLOURS["base"], fontsize=9)
    ax.set_xticks(range(3), bars.values())
    ax.set_ylim(0, 122)
    ax.set_yticks(range(0, 101, 20))
    ax.legend(ncols=4, loc="upper left")
    table = "; ".join(
        f"{name}: voice {found.voice:.0%}, whole {found.whole:.0%}, helpful {found.helpful:.0%}"
        for name, found in results.items()
    )
    return fig, f"Replies to 100 fresh tickets. {table}."
