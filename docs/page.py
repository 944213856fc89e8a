"""Turn a lesson that has run into a page: what a learner reads, with solutions and answers folded away.

    page = lesson_page(lesson, executed(lesson, kept), links)

- The learner's stub of an exercise stays; one solution is folded behind it. Hidden tests were never in the notebook.
- Questions become HTML made from their source, explorers the picture that their controls first drew.
- What only a live kernel understands (widgets, tags, nbgrader's metadata) is left out.
"""

import copy

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.authoring.lesson import Cell, Lesson
from autograder.authoring.notebooks import learner_notebook
from autograder.authoring.quizzes import QuizQuestion, read_questions
from autograder.authoring.setup_cell import colab_address

from .links import Links
from .questions import folded, plain_text

WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE = '<p class="course-live"><a href="{address}">Open in Colab to move the sliders</a></p>'
TOP = """\
{heading}

[Open in Colab]({colab}){{.course-colab}} [Glossary: the words of this course](/glossary.md)

{rest}"""


class PageError(ValueError):
    """Say what in a lesson cannot be shown without a kernel."""


def lesson_page(lesson: Lesson, notebook: NotebookNode, links: Links) -> NotebookNode:
    """Return the page of a lesson as a notebook for MyST-NB; `notebook` is the solved lesson after its run."""
    stubs = {cell.id: cell.source for cell in learner_notebook(lesson).cells}
    colab = colab_address(lesson.folder)
    cells = []
    for cell in notebook.cells[1:]:  # the first holds the badge, an image that stands elsewhere
        if cell.cell_type == "markdown":
            source = links.in_text(cell.source, lesson.folder)
            cells.append(new_markdown_cell(source if cells else _top(source, colab), id=cell.id))
        else:
            cells += _code_cells(lesson, cell, stubs[cell.id], colab)
    page = copy.deepcopy(notebook)
    page.cells = cells
    page.metadata = NotebookNode(kernelspec=notebook.metadata.kernelspec, language_info={"name": "python"})
    return page


def _top(source: str, colab: str) -> str:
    heading, _, rest = source.partition("\n")
    return TOP.format(heading=heading, colab=colab, rest=rest.lstrip("\n"))


def _code_cells(lesson: Lesson, cell: NotebookNode, stub: str, colab: str) -> list[NotebookNode]:
    questions = _questions(lesson, cell.source)
    if questions:
        others = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
        asked = _html(folded(questions, _title(cell.source)), plain_text(questions))
        return [_cell(cell, cell.source, [asked, *others], "remove-input")]  # the source holds the answers
    outputs = [_static(output, colab) for output in cell.outputs]
    if stub != cell.source:  # an exercise
        solution = _cell(cell, cell.source, outputs, "hide-input")
        solution.id += "-solved"
        solution.metadata["mystnb"] = _prompts("Show one solution", "Hide it")
        return [_cell(cell, stub, []), solution]
    if cell.metadata.get("cellView") == "form":
        folded_away = _cell(cell, cell.source, outputs, "hide-input")
        folded_away.metadata["mystnb"] = _prompts("Show the code", "Hide it")
        return [folded_away]
    return [_cell(cell, cell.source, outputs)]


def _title(source: str) -> str:
    """Return what Colab shows in a cell's place, such as "Quick check: predict before you look"."""
    first = source.partition("\n")[0]
    return first.removeprefix("# @title ") if first.startswith("# @title ") else ""


def _questions(lesson: Lesson, source: str) -> list[QuizQuestion]:
    questions, problems = read_questions(Lesson(lesson.folder, lesson.name, (Cell("code", "", None, (), source),)))
    if problems:
        raise PageError(problems[0])
    return questions


def _prompts(show: str, hide: str) -> dict[str, str]:
    return {"code_prompt_show": show, "code_prompt_hide": hide}


def _cell(cell: NotebookNode, source: str, outputs: list[NotebookNode], *tags: str) -> NotebookNode:
    fresh = new_code_cell(source, outputs=outputs, execution_count=cell.execution_count)
    fresh.id = cell.id
    fresh.metadata["tags"] = list(tags)
    return fresh


def _static(output: NotebookNode, colab: str) -> NotebookNode:
    """Return an output without its widget; raises `PageError` where nothing else would show."""
    output = copy.deepcopy(output)
    output.pop("transient", None)
    data = output.get("data", {})
    if data.pop(WIDGET, None) is not None:
        if "text/html" not in data:
            raise PageError(f"A widget has no picture for readers without a kernel: {data.get('text/plain', '')[:200]}")
        data["text/html"] += LIVE.format(address=colab)
    return output


def _html(markup: str, text: str) -> NotebookNode:
    return new_output("display_data", data={"text/html": markup, "text/plain": text})
