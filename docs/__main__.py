"""Build the course as a static site for readers without a kernel: `python -m docs`.

lessons  --run, once--> build/executed  --pages--> build/site-source  --Sphinx--> build/site

Every lesson runs on the bundled model, about 20 minutes in all; a lesson that has not changed does not run again.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from autograder.authoring.executed import ExecutionFailed, executed
from autograder.authoring.lesson import LessonError, find_lessons, read_lesson
from autograder.authoring.notebooks import notebook_text

from .links import Links, MissingPage
from .page import PageError, lesson_page
from .texts import glossary_page, text_pages

ROOT = Path(__file__).resolve().parents[1]
DOCS = Path(__file__).resolve().parent
EXECUTED = Path("build/executed")


class SiteFailed(RuntimeError):
    """Say why Sphinx could not make the site."""


def main(arguments: list[str] | None = None) -> int:
    """Build the site; what a user can put right is said in a sentence, with exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds the lessons")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "site", help="where the pages go")
    args = parser.parse_args(arguments)
    try:
        build(args.root.resolve(), args.output.resolve())
    except (ExecutionFailed, LessonError, MissingPage, PageError, SiteFailed, OSError) as problem:
        print(f"site: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("site: stopped; lessons that ran to their end will not run again", file=sys.stderr)
        return 130
    print(f"site: open {args.output / 'index.html'}")
    return 0


def build(root: Path, output: Path) -> None:
    """Run the lessons under `root` that changed, and put the site in the place of the one at `output`."""
    source, fresh, before = (output.with_name(output.name + suffix) for suffix in ("-source", "-fresh", "-before"))
    for folder in (source, fresh, before):
        shutil.rmtree(folder, ignore_errors=True)
    write_source(root, source)
    try:
        sphinx(source, fresh)
    except BaseException:  # an interruption too
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if output.exists():
        output.rename(before)
    fresh.rename(output)
    shutil.rmtree(before, ignore_errors=True)


def write_source(root: Path, source: Path) -> None:
    """Write what Sphinx reads: one notebook for each lesson, and the texts that the repository already has."""
    lessons = [read_lesson(folder) for folder in find_lessons(root)]
    links = Links(root, [lesson.folder for lesson in lessons])
    (source / "lessons").mkdir(parents=True)
    for lesson in lessons:
        page = lesson_page(lesson, executed(lesson, root / EXECUTED), links)
        (source / "lessons" / f"{lesson.name}.ipynb").write_text(notebook_text(page), encoding="utf-8")
    for name, text in text_pages(root, links).items():
        (source / name).write_text(text, encoding="utf-8")
    (source / "glossary.md").write_text(glossary_page(links), encoding="utf-8")
    for name, file in links.images.items():
        shutil.copy(file, source / name)
    shutil.copy(DOCS / "index.md", source)


def sphinx(source: Path, output: Path) -> None:
    """Make the pages; a warning, such as a link that leads nowhere, is an error."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-c", str(DOCS)]
    command += ["-d", str(output.with_name(output.name + "-doctrees")), str(source), str(output)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    try:
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    finally:
        shutil.rmtree(output.with_name(output.name + "-doctrees"), ignore_errors=True)
    if done.returncode:
        raise SiteFailed(f"Sphinx found fault with the pages in {source}:\n{done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
