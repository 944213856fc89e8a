"""Show verdicts in a notebook: beside every test what came of it, and all of it in a table at the top."""

import html

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.utils import is_grade, is_solution

from .judge import Judgement
from .rebuild import key
from .verdict import FAILED, NOT_ATTEMPTED, PARTLY, PASSED, UNGRADED, Verdict

SIGNS = {PASSED: "✔", PARTLY: "◐", FAILED: "✘", NOT_ATTEMPTED: "○", UNGRADED: "?"}


def show_verdicts(notebook: NotebookNode, judgement: Judgement) -> NotebookNode:
    """Write verdicts and the learner's own outputs into `notebook`, which holds no hidden test."""
    verdicts = {verdict.test: verdict for verdict in judgement.verdicts}
    for number, cell in enumerate(notebook.cells):
        if is_grade(cell) and not is_solution(cell) and key(cell) in verdicts:
            cell.outputs = _outputs(verdicts[key(cell)])
        elif number in judgement.outputs:
            cell.outputs = judgement.outputs[number]
    notebook.cells.insert(0, new_markdown_cell(_summary(notebook, judgement), id="autograder-summary"))
    return notebook


def _outputs(verdict: Verdict) -> list[NotebookNode]:
    sentence = f"{SIGNS[verdict.state]} {verdict.headline}" + (f"\n{verdict.message}" if verdict.message else "")
    shown = f"<b>{html.escape(sentence)}</b>".replace("\n", "</b><br>\n<b>", 1).replace("\n", "<br>\n")
    outputs = [new_output("display_data", data={"text/plain": sentence, "text/html": f"<p>{shown}</p>"})]
    printed = verdict.printed.strip()
    if printed and printed != verdict.message:
        outputs.append(new_output("stream", name="stdout", text=printed[:20_000] + "\n"))
    return outputs


def _summary(notebook: NotebookNode, judgement: Judgement) -> str:
    found = notebook.metadata.get("autograder", {})
    lines = ["## What the tests found", "", "| test | result | what to look at |", "|---|---|---|"]
    for verdict in judgement.verdicts:
        result = f"{SIGNS[verdict.state]} {verdict.headline}"
        lines.append(f"| {_plain(verdict.test)} | {result} | {_plain(verdict.message)} |")
    notes = [found["problem"]] if found.get("problem") else found.get("notes", [])
    return "\n".join(lines + [""] + [f"- {_plain(note)}" for note in notes])


def _plain(text: str) -> str:
    """Keep a learner's text from being read as HTML or Markdown."""
    text = html.escape(" ".join(text.split())[:1000], quote=False)
    return "".join(f"&#{ord(letter)};" if letter in "|*_`[]!\\$~#" else letter for letter in text)
