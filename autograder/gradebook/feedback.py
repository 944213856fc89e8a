"""Show verdicts in a notebook: beside every test what came of it, and all of it in a table at the top."""

import html

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.utils import is_grade, is_solution

from ..cells import key
from ..judging.grading import Graded
from ..judging.options import NONE
from ..judging.verdict import FAILED, NOT_ATTEMPTED, PARTLY, PASSED, UNGRADED, Verdict

SIGNS = {PASSED: "✔", PARTLY: "◐", FAILED: "✘", NOT_ATTEMPTED: "○", UNGRADED: "?"}

SHARES = {"valid": "valid JSON", "intent": "intent right", "priority": "priority right", "product": "product right"}
SHARES |= {"correct": "all three right"}
UNSAFE = "This was graded without isolation."


def show_verdicts(notebook: NotebookNode, graded: Graded) -> NotebookNode:
    """Write verdicts and the learner's own outputs into `notebook`, which holds no hidden test."""
    judgement = graded.judgement
    verdicts = {verdict.test: verdict for verdict in judgement.verdicts}
    for number, cell in enumerate(notebook.cells):
        if is_grade(cell) and not is_solution(cell) and key(cell) in verdicts:
            cell.outputs = _outputs(verdicts[key(cell)])
        elif number in judgement.outputs:
            cell.outputs = judgement.outputs[number]
    summary = [*_summary(notebook, graded), *(line for report in graded.adapters for line in _ladder(report))]
    notebook.cells.insert(0, new_markdown_cell("\n".join(summary), id="autograder-summary"))
    return notebook


def _outputs(verdict: Verdict) -> list[NotebookNode]:
    sentence = f"{SIGNS[verdict.state]} {verdict.headline}" + (f"\n{verdict.message}" if verdict.message else "")
    shown = f"<b>{html.escape(sentence)}</b>".replace("\n", "</b><br>\n<b>", 1).replace("\n", "<br>\n")
    outputs = [new_output("display_data", data={"text/plain": sentence, "text/html": f"<p>{shown}</p>"})]
    printed = verdict.printed.strip()
    if printed and printed != verdict.message:
        outputs.append(new_output("stream", name="stdout", text=printed[:20_000] + "\n"))
    return outputs


def _summary(notebook: NotebookNode, graded: Graded) -> list[str]:
    found = notebook.metadata.get("autograder", {})
    lines = ["## What the tests found", "", "| test | result | what to look at |", "|---|---|---|"]
    for verdict in graded.verdicts:
        result = f"{SIGNS[verdict.state]} {verdict.headline}"
        lines.append(f"| {_plain(verdict.test)} | {result} | {_plain(verdict.message)} |")
    notes = [found["problem"]] if found.get("problem") else list(found.get("notes", []))
    if graded.inputs.isolation == NONE:
        notes.append(UNSAFE)
    return [*lines, "", *(f"- {_plain(note)}" for note in notes)]


def _ladder(report: dict) -> list[str]:
    """Show the rungs that an adapter climbed, and what was measured on the way."""
    lines = ["", "## Your adapter", "", "| rung | state | what was found |", "|---|---|---|"]
    for rung in report["rungs"]:
        lines.append(f"| {rung['number']} · {rung['name']} | {rung['state']} | {_plain(rung['sentence'])} |")
    figures = report["figures"]
    shares = [f"{words} {100 * figures[name]:.1f} %" for name, words in SHARES.items() if name in figures]
    if shares:
        lines += ["", f"Of {figures['tickets']:g} tickets: {', '.join(shares)}."]
        lines += [
            f"Perplexity on general text: {figures['perplexity']:.3g}; the base's: {figures['base_perplexity']:.3g}."
        ]
    return lines


def _plain(text: str) -> str:
    """Keep a learner's text from being read as HTML or Markdown."""
    text = html.escape(" ".join(text.split())[:1000], quote=False)
    return "".join(f"&#{ord(letter)};" if letter in "|*_`[]!\\$~#" else letter for letter in text)
