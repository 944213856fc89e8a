"""Spoilt data is spoilt as announced, equal for equal seeds, and never in place."""

from course.data import INTENTS, draw_tickets
from course.dirty import mislabelled, resent, with_orders


def tickets(count=200):
    return [dict(ticket) for ticket in draw_tickets(count, seed=7)]


def test_the_form_adds_an_order_number_of_five_digits():
    plain = tickets()
    for before, after in zip(plain, with_orders(plain, seed=1), strict=True):
        order = after["text"].removeprefix(f"{before['text']} Order ").removesuffix(".")
        assert order.isdigit() and len(order) == 5
        assert {**after, "text": before["text"]} == before


def test_about_the_share_asked_for_gets_another_intent_and_nothing_else():
    plain = tickets(1_000)
    spoilt = mislabelled(plain, share=0.2, seed=2)
    wrong = [(one, other) for one, other in zip(plain, spoilt, strict=True) if one != other]
    assert 160 <= len(wrong) <= 240
    assert all({**other, "intent": one["intent"]} == one and other["intent"] in INTENTS for one, other in wrong)
    assert mislabelled(plain, share=0, seed=2) == plain


def test_copies_say_who_wrote_them_and_differ_only_in_their_ending():
    few = tickets(4)
    copies = resent(few, count=100, seed=3)
    assert len(copies) == 100
    assert {copy["customer"] for copy in copies} == {"C0", "C1", "C2", "C3"}
    for copy in copies:
        original = few[int(copy["customer"][1:])]
        assert copy["text"].lower().startswith(original["text"].lower())
        assert copy["intent"] == original["intent"]
    assert len({copy["text"] for copy in copies}) > len(few)


def test_equal_seeds_give_equal_data_and_the_tickets_stay_as_they_are():
    plain = tickets(20)
    before = [dict(ticket) for ticket in plain]
    for spoil in (
        lambda seed: with_orders(plain, seed),
        lambda seed: mislabelled(plain, 0.5, seed),
        lambda seed: resent(plain, 60, seed),
    ):
        assert spoil(1) == spoil(1) != spoil(2)
    assert plain == before
