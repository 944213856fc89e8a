"""The site shows lessons without a kernel: figures described, answers folded, nothing loaded from elsewhere."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from autograder.authoring.lesson import find_lessons, read_lesson
from autograder.authoring.notebooks import solution_notebook
from course import Choice, figures, quick_check
from course.explorer import Explorer, number
from docs.__main__ import SiteFailed, main, sphinx
from docs.links import Links, MissingPage
from docs.page import PageError, lesson_page

ROOT = Path(__file__).resolve().parents[1]
ALT = "Bars: the base model answers 18 % of tickets right."
CELLS = """
# %% tags=["skip-execution"]
# @title Quick check
from course import Choice, quick_check

quick_check(
    "Which command says `rank`?",
    Choice("The first", "No: it says `alpha`."),
    Choice("The second", "Yes, at its end.", correct=True),
)

# %% tags=["skip-execution"]
figure_and_explorer()
"""


def lesson_with(folder, cells=CELLS):
    file = folder / "lesson.py"
    file.write_text(file.read_text() + cells)
    return read_lesson(folder)


def cell_with(notebook, text):
    return next(cell for cell in notebook.cells if text in cell.source)


@pytest.fixture
def outputs(monkeypatch):
    """Collect what the course displays, as the outputs of a notebook."""
    shown = []

    def display(bundle, raw, **_):
        shown.append(nbformat.v4.new_output("display_data", data=dict(bundle)))

    for module in ("checks", "explorer", "figures"):
        monkeypatch.setattr(f"course.{module}.display", display)
    return shown


@pytest.fixture
def page(lesson_copy, outputs):
    lesson = lesson_with(lesson_copy)
    notebook = solution_notebook(lesson)
    quick_check("Which command says `rank`?", Choice("The first", "No"), Choice("The second", "Yes", correct=True))
    quiz = outputs[:]
    outputs.clear()
    fig, _ = figures.figure("The base model is seldom right")
    figures.show(fig, alt=ALT)
    field = number("Rank", 4)
    Explorer("Which rank?", [field], [field], lambda: (Figure(), f"Rank {field.value}.", "<p>Four</p>"), "").show()
    cell_with(notebook, "figure_and_explorer").outputs = outputs
    cell_with(notebook, "quick_check(").outputs = quiz
    return lesson_page(lesson, notebook, Links(lesson_copy.parent, [lesson_copy]))


def test_hidden_tests_stay_home(page):
    text = nbformat.writes(page)
    assert "Count every occurrence" in text, "the visible test is there"
    assert "to be or not to be" not in text
    assert "HIDDEN" not in text


def test_the_learners_stub_is_followed_by_one_solution_folded_away(page):
    place = next(i for i, cell in enumerate(page.cells) if cell.id == "word_counts")
    stub, solved = page.cells[place : place + 2]
    assert "YOUR CODE HERE" in stub.source or "NotImplementedError" in stub.source
    assert "counts.get" not in stub.source
    assert "counts.get" in solved.source
    assert solved.metadata.tags == ["hide-input"]
    assert solved.metadata.mystnb.code_prompt_show == "Show one solution"


def test_a_question_shows_its_options_and_unfolds_what_is_said_about_each(page):
    cell = cell_with(page, "quick_check(")
    assert cell.metadata.tags == ["remove-input"], "the source holds the answers"
    (output,) = cell.outputs
    markup = BeautifulSoup(output.data["text/html"], "html.parser")
    folds = markup.find_all("details")
    assert [fold.summary.get_text() for fold in folds] == ["A The first", "B The second"]
    assert not any(fold.has_attr("open") for fold in folds)
    assert [fold.p.get_text() for fold in folds] == ["✗ Not this one. No: it says alpha.", "✓ Right. Yes, at its end."]
    assert markup.find(class_="quiz-question").code.get_text() == "rank"


def test_figures_keep_their_descriptions_and_explorers_their_first_picture(page):
    shown = cell_with(page, "figure_and_explorer").outputs
    figure, explorer = (output.data["text/html"] for output in shown)
    assert BeautifulSoup(figure, "html.parser").img["alt"] == ALT
    markup = BeautifulSoup(explorer, "html.parser")
    assert markup.img["alt"] == "Rank 4."
    assert markup.a.get_text() == "Open in Colab to move the sliders"
    assert markup.a["href"].endswith("lesson90_tiny/lesson90_tiny.ipynb")
    assert all("widget" not in kind for output in shown for kind in output.data)


def test_a_widget_without_a_picture_is_refused(lesson_copy):
    lesson = lesson_with(lesson_copy)
    notebook = solution_notebook(lesson)
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "IntSlider()"}
    cell_with(notebook, "figure_and_explorer").outputs = [nbformat.v4.new_output("display_data", data=widget)]
    with pytest.raises(PageError, match=r"IntSlider\(\)"):
        lesson_page(lesson, notebook, Links(lesson_copy.parent, [lesson_copy]))


def test_the_page_begins_with_its_title_and_ways_to_run_it(page):
    heading, _, ways = page.cells[0].source.split("\n")[:3]
    assert heading == "# Lesson 90 · A lesson small enough to test with"
    assert ways.startswith("[Open in Colab](https://colab.research.google.com/github/")
    assert "badge.svg" not in nbformat.writes(page), "an image from elsewhere does not show offline"


def test_links_lead_to_pages_where_there_are_some_and_to_the_repository_otherwise(root):
    links = Links(root, find_lessons(root))
    assert links.target("course/glossary.md", root) == "/glossary.md"
    lesson = "lesson01_why_finetune/lesson01_why_finetune.ipynb"
    assert links.target(lesson, root) == "/lessons/lesson01_why_finetune.ipynb"
    assert links.target("CONTRIBUTING.md", root) == f"{links.repository}/blob/main/CONTRIBUTING.md"
    assert links.target(f"{links.repository}/blob/main/course/glossary.md", root) == "/glossary.md"
    with pytest.raises(MissingPage, match="nowhere"):
        links.in_text("[gone](gone.md)", root)


@pytest.mark.slow
def test_a_cell_that_fails_is_named_and_nothing_is_kept(lesson_copy, capsys):
    root, site = lesson_copy.parent, lesson_copy.parent / "site"
    assert main(["--root", str(root), "--output", str(site)]) == 2  # the course has no such lesson, says set-up
    said = capsys.readouterr().err
    assert said.startswith("site: lesson90_tiny, cell 3 (# Run this cell first): ValueError: there is no lesson")
    assert not site.exists() and not (root / "build").exists()


def test_a_page_that_sphinx_finds_fault_with_is_no_site(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text("# Start\n\n[to nowhere](nowhere.md)\n")
    with pytest.raises(SiteFailed, match=r"index\.md.*nowhere"):
        sphinx(source, tmp_path / "site")


@pytest.mark.slow
def test_an_interrupted_run_ends_its_kernel_and_says_that_it_was_interrupted(tmp_path):
    program = tmp_path / "run.py"
    program.write_text(
        "import nbformat\nfrom autograder.authoring.executed import execute\n"
        'cell = nbformat.v4.new_code_cell(\'open(r"%s", "w").write(str(__import__("os").getpid()))\\n\'\n'
        "                                 'import time; time.sleep(60)')\n"
        "try:\n    execute(nbformat.v4.new_notebook(cells=[cell]), 'lesson90_tiny')\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n" % (tmp_path / "pid")
    )
    running = subprocess.Popen([sys.executable, program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (pid := (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else ""):
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=60)[0] == "interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


@pytest.fixture(scope="module")
def pages(site):
    return {
        file.relative_to(site).as_posix(): BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        for file in site.rglob("*.html")
    }


@pytest.mark.slow
def test_every_lesson_has_its_page_with_the_figures_that_it_drew(root, pages):
    for folder in find_lessons(root):
        (ran,) = (root / "build" / "executed").glob(f"{folder.name}-*.ipynb")
        cells = nbformat.read(ran, as_version=4).cells
        shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        drawn = sum(data.get("text/html", "").count("<img ") for data in shown)
        images = pages[f"lessons/{folder.name}.html"].find("article").find_all("img")
        assert drawn == len(images) > 0
        assert all(len(image["alt"]) > 30 for image in images)


@pytest.mark.slow
def test_no_link_leads_nowhere(site, pages):
    ids = {name: {tag["id"] for tag in page.find_all(id=True)} for name, page in pages.items()}
    for name, page in pages.items():
        for link in page.find_all("a", href=True):
            target, _, anchor = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (site / name).parent / target if target else site / name
            assert file.exists(), f"{name} links to {link['href']}"
            if anchor and file.suffix == ".html":
                found = file.resolve().relative_to(site.resolve()).as_posix()
                assert anchor in ids[found], f"{name} links to {link['href']}"


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(site, pages):
    for name, page in pages.items():
        loaded = [tag.get("src") or tag.get("href") for tag in page.find_all(["script", "link", "img", "iframe"])]
        assert [place for place in loaded if place and re.match(r"(https?:)?//", place)] == [], name
    for style in site.rglob("*.css"):
        outside = re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)]+", style.read_text(encoding="utf-8"))
        assert outside == [], style


@pytest.mark.slow
def test_the_search_knows_the_lessons_and_the_glossarys_words(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "lessons/lesson04_lora" in index
    assert '"DoRA"' in index or "term-DoRA" in index
