"""Labels made by hand are the trainer's; the explorer shows what settings leave to learn."""

import pytest

from course.data import draw_tickets, prompt_completion
from course.explorers.label import draw_labels, draw_tokens, explore_labels, label_tokens
from course.labels import IGNORED, encode, end_of, example
from course.models import load_base


@pytest.fixture(scope="module")
def base():
    return load_base("bundled")


@pytest.fixture(scope="module")
def ticket():
    return draw_tickets(1, seed=5)[0]


@pytest.mark.parametrize("everything", [False, True])
def test_the_labels_are_those_that_the_trainer_makes(base, ticket, tmp_path, everything):
    from datasets import Dataset
    from trl import SFTTrainer

    from course.training import sft_config

    row = prompt_completion(ticket)
    trainer = SFTTrainer(
        model=base.model,
        processing_class=base.tokenizer,
        train_dataset=Dataset.from_list([row]),
        args=sft_config(tmp_path, steps=1, completion_only_loss=not everything),
    )
    ours, theirs = example(base.tokenizer, row, learn_prompt=everything), trainer.train_dataset[0]
    assert (ours["input_ids"], ours["labels"]) == (theirs["input_ids"], theirs["labels"])


def test_the_trainer_leaves_labels_made_by_hand_alone(base, ticket, tmp_path):
    from datasets import Dataset
    from trl import SFTTrainer

    from course.training import sft_config

    row = example(base.tokenizer, prompt_completion(ticket), learn_end=False)
    trainer = SFTTrainer(
        model=base.model,
        processing_class=base.tokenizer,
        train_dataset=Dataset.from_list([row]),
        args=sft_config(tmp_path, steps=1),
    )
    assert trainer.train_dataset[0]["labels"] == row["labels"]


def test_without_its_end_an_example_teaches_the_same_tokens_but_the_last(base, ticket):
    whole = example(base.tokenizer, prompt_completion(ticket))
    masked = example(base.tokenizer, prompt_completion(ticket), learn_end=False)
    place = end_of(base.tokenizer, whole["input_ids"])
    assert whole["labels"][place] == base.tokenizer.eos_token_id
    assert masked["labels"][:place] == whole["labels"][:place]
    assert set(masked["labels"][place:]) == {IGNORED}
    assert masked["input_ids"] == whole["input_ids"]


def test_a_limit_cuts_the_end_first_and_then_the_answer(base, ticket):
    tokens = label_tokens(base.tokenizer, ticket)
    shorter = label_tokens(base.tokenizer, ticket, max_length=len(tokens) - 3)
    assert [token.state for token in shorter[-3:]] == ["cut"] * 3
    assert any(token.state == "learned" for token in shorter)
    _, _, text = draw_labels(base.tokenizer, ticket, False, True, len(tokens) - 3)
    assert "cuts off the end" in text
    _, _, text = draw_labels(base.tokenizer, ticket, False, True, 8)
    assert "Nothing is left to learn" in text


def test_the_picture_says_what_is_learned(base, ticket):
    fig, alt = draw_tokens(label_tokens(base.tokenizer, ticket), "Only the answer is learned")
    assert '{"intent"' in alt and "<|im_end|>" in alt
    assert ticket["text"][:10] not in alt.split("Learned:")[1]
    drawn = [text.get_text() for text in fig.axes[0].texts]
    assert "<|im_end|>" in drawn and "read only (label −100)" in drawn


def test_the_explorer_follows_its_controls(base, opened):
    explorer, controls = opened(explore_labels, base.tokenizer, draw_tickets(3, seed=6))
    assert "The answer and its end are learned" in explorer.text
    controls["The end token is"].value = False
    assert "nothing here teaches the model to stop" in explorer.text
    controls["Learn from"].value = True
    assert "how customers write" in explorer.text


def test_a_batch_is_padded_and_the_filling_is_neither_read_nor_learned(base):
    rows = [prompt_completion(ticket) for ticket in draw_tickets(3, seed=6)]
    rows = [{"prompt": row["prompt"], "chosen": row["completion"]} for row in rows]
    inputs, labels = encode(base, rows, "chosen")
    for place, row in enumerate(rows):
        alone = example(base.tokenizer, {"prompt": row["prompt"], "completion": row["chosen"]})
        length = len(alone["input_ids"])
        assert inputs["input_ids"][place, :length].tolist() == alone["input_ids"]
        assert labels[place, :length].tolist() == alone["labels"]
        assert inputs["attention_mask"][place].sum() == length
        assert set(labels[place, length:].tolist()) <= {IGNORED}
