"""Bring the repository's own texts to the site: the README, the model card, the instructor's guide, the glossary."""

from pathlib import Path

from course.glossary import entries
from course.lessons import LESSONS

from .links import PAGES, Links

GLOSSARY = """\
# Glossary

The words of this course, in one or two sentences each, with the lesson that first explains them.

```{{glossary}}
{words}
```
"""


def text_pages(root: Path, links: Links) -> dict[str, str]:
    """Return the pages that are files of the repository, with links that work on the site."""
    pages = {}
    for name, page in PAGES.items():
        file = root / name
        if file.is_file() and name != "course/glossary.md":
            page = name if page == "index.md" else page  # the start page includes the README
            pages[page] = links.in_text(file.read_text(encoding="utf-8"), file.parent)
    return pages


def glossary_page(links: Links) -> str:
    """Return the course's words as Sphinx's glossary, so that the search finds each one by its name."""
    names = {lesson.number: lesson.name for lesson in LESSONS}
    words = []
    for entry in entries():
        lesson = f"lesson {entry.lesson}"
        page = f"/lessons/{names[entry.lesson]}.ipynb"
        where = f"[{lesson}]({page})" if page[1:] in links.pages.values() else lesson
        words.append(f"{entry.term}\n  {entry.meaning} ({where})\n")
    return GLOSSARY.format(words="\n".join(words))
