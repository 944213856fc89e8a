"""The world of Juniper Outfitters: tickets, replies, prices and general text, all drawn by seed.

    >>> from course.data import draw_tickets
    >>> draw_tickets(200, seed=1)

Nothing is downloaded. Equal seeds give equal data in any process; splits differ by seed.
"""

from course.data.general import general_text, refuses, unsafe_requests
from course.data.prices import document, draw_price_questions, grounded_prompt, states
from course.data.replies import draw_preferences, draw_replies, voice_score
from course.data.tickets import CUES, draw_tickets, priority_of
from course.data.triage import INSTRUCTION, PLAIN, Variant, prompt_completion, triage_json, triage_messages
from course.data.world import INTENTS, PRACTICE_SEED, PRIORITIES, grading_seed, price_list

__all__ = [
    "CUES", "INSTRUCTION", "INTENTS", "PLAIN", "PRACTICE_SEED", "PRIORITIES", "Variant", "document",
    "draw_preferences", "draw_price_questions", "draw_replies", "draw_tickets", "general_text", "grading_seed",
    "grounded_prompt", "price_list", "priority_of", "prompt_completion", "refuses", "states", "triage_json",
    "triage_messages", "unsafe_requests", "voice_score",
]  # fmt: skip
