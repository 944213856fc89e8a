"""Name the eight lessons, in order, with their titles and the minutes that each one takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """Describe one lesson: its folder's name, its title, and the minutes that most learners need for it."""

    name: str
    title: str
    minutes: int

    @property
    def number(self) -> int:
        """Return the lesson's number: `lesson06_training` → 6."""
        return int(self.name[len("lesson") :][:2])


LESSONS = (
    Lesson("lesson01_why_finetune", "Why fine-tune? The decision framework", 60),
    Lesson("lesson02_methods", "The methods: SFT, RLHF, DPO", 100),
    Lesson("lesson03_data", "Data that teaches behaviour", 85),
    Lesson("lesson04_lora", "LoRA from first principles", 90),
    Lesson("lesson05_qlora", "Quantization and QLoRA", 90),
    Lesson("lesson06_training", "Train a QLoRA adapter", 90),
    Lesson("lesson07_evaluation", "Is it really better?", 75),
    Lesson("lesson08_shipping", "Ship it: the hybrid, end to end", 120),
)


def find_lesson(name: str) -> Lesson:
    """Return the lesson with this folder name, or raise a `ValueError` that lists the names."""
    for lesson in LESSONS:
        if lesson.name == name:
            return lesson
    raise ValueError(f"there is no lesson {name!r}; use one of: {', '.join(lesson.name for lesson in LESSONS)}")
