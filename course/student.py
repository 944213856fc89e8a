"""Say once who you are: `course.student("ada")`. Your own variant of the capstone is drawn from this id.

>>> course.student("ada")
'ada'
>>> course.student()
'ada'
"""

from __future__ import annotations

import os
import re

from course import state

PRACTICE = "practice"
"""Stands for somebody who has set no id: a self-studier needs none."""
JUDGES = "COURSE_GRADING_STUDENT"
"""Environment variable in which the judge, and nobody else, says whose work it grades."""
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@-]*(_[A-Za-z0-9.@-]+)*")
LONGEST = 200


def student(name: str | None = None) -> str:
    """Return your student id; with `name`, keep that as your id from now on, in the progress file.

    `name` is the id that your teacher knows you by. Raises ValueError for one that could not name a file. While work
    is graded, the judge's word counts and not the learner's.
    """
    if JUDGES in os.environ:
        return os.environ[JUDGES] or PRACTICE
    if name is None:
        known = state.load().student
        if not known:
            print('No student id is set. If you have a teacher, set yours first: course.student("your-id").')
        return known or PRACTICE
    check(name)
    notice = state.record_student(name).notice
    if notice:
        print(notice)
    return name


def check(name: str) -> None:
    """Raise ValueError when `name` cannot be part of a file's name."""
    if not isinstance(name, str) or not STUDENT.fullmatch(name) or len(name) > LONGEST:
        raise ValueError(f"{name!r} cannot name a file: use letters, digits and . @ - _ for your student id.")
