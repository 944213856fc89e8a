"""Everything that a learner imports: checks, progress, the models, the data and the adapter ladder.

import course
tier = course.start("lesson01_why_finetune")
course.quick_check("2 + 2?", course.Choice("4", "Yes.", correct=True), course.Choice("5", "One too many."))
course.progress()
course.glossary("adapter")
course.student("ada")
course.hand_in()
course.certificate("Ada Lovelace")
"""

from course.certificate import certificate
from course.checks import Choice, Question, quick_check
from course.glossary import glossary
from course.handing_in import hand_in
from course.knowledge import knowledge_check
from course.progress import progress
from course.start import start
from course.student import student

__all__ = [
    "Choice",
    "Question",
    "certificate",
    "glossary",
    "hand_in",
    "knowledge_check",
    "progress",
    "quick_check",
    "start",
    "student",
]
