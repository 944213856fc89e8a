"""Offer, near the end of every lesson, to grade the whole notebook: `autograder check`.

The lesson's author writes nothing for it: the build puts this one cell behind the knowledge check.
"""

from .lesson import Cell, Lesson, grades_files

CALL = "knowledge_check("

OFFER = """\
## Grade the whole notebook

The tests above look at one exercise at a time. A grader looks further: it runs your notebook from the top in a fresh
kernel, without the trainings, and tries your functions on inputs that this notebook does not show.{adapter} You need no
teacher for that. Save the notebook (Ctrl+S, on a Mac ⌘S), add a code cell with this line, and run it:

```
!autograder check {lesson}.ipynb
```

In a terminal that stands in this notebook's folder, the line works without its `!`. Every test is listed with its
points, and every mistake with a sentence. When all tests pass, your progress file notes it: the certificate at the end
of the course asks for that.

*In Colab the grader is not installed.* Call `course.hand_in("me")` in a code cell there: it packs and downloads
`me_{lesson}.zip`. A computer that has this course grades that file: `autograder check me_{lesson}.zip`."""

ADAPTER = " It also grades the adapter that you saved beside it."


def check_offer(lesson: Lesson) -> str:
    """Write the cell for one lesson."""
    trains = any(cell.is_test and grades_files(cell.title) for cell in lesson.cells)
    return OFFER.format(lesson=lesson.name, adapter=ADAPTER if trains else "")


def offer_follows(lesson: Lesson) -> Cell:
    """Find the cell behind which the offer stands: the knowledge check, or the last cell of a lesson without one."""
    asking = [cell for cell in lesson.cells if cell.kind == "code" and CALL in cell.source]
    return asking[-1] if asking else lesson.cells[-1]
