"""Surprise is counted part by part, and the parts together are the model's own loss."""

import pytest
import torch

from course.data import draw_tickets
from course.dirty import with_orders
from course.models import load_base
from course.surprises import PARTS, parts_of, surprise_by_part


@pytest.fixture(scope="module")
def base():
    return load_base("bundled")


def test_each_token_belongs_to_the_part_that_it_was_written_for(base):
    for ticket in with_orders(draw_tickets(5, seed=1), seed=1):
        ids, parts = parts_of(base.tokenizer, ticket)
        said = {
            part: base.tokenizer.decode([i for i, own in zip(ids, parts, strict=True) if own == part]) for part in PARTS
        }
        sentence, _, digits = ticket["text"].rpartition(" Order ")
        assert said["customer"] == sentence
        assert said["digits"].replace(" ", "") == digits.rstrip(".")
        assert said["form's line"].split() == ["Order", "."] or said["form's line"].replace(" ", "") == "Order."
        assert said["answer"].startswith("{") and ticket["product"] in said["answer"]
        assert said["template"].startswith("<|im_start|>user")


def test_a_ticket_without_the_form_has_no_form(base):
    found = surprise_by_part(base.model, base.tokenizer, draw_tickets(2, seed=1))
    assert set(found) == {"template", "customer", "answer"}


def test_the_parts_together_are_the_loss_over_all_tokens(base):
    ticket = with_orders(draw_tickets(1, seed=2), seed=2)
    ids = torch.tensor([parts_of(base.tokenizer, ticket[0])[0]])
    with torch.no_grad():
        loss = base.model(input_ids=ids, labels=ids).loss.item()
    total = sum(total for _, total in surprise_by_part(base.model, base.tokenizer, ticket).values())
    assert total / (ids.shape[1] - 1) == pytest.approx(loss, rel=1e-5)
