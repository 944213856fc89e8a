"""The decision explorer recommends what the framework says, and shows the road it took."""

import pytest

from course.decision import BOXES, ROADS, Problem, draw_decision, explore_decision, recommend, road


@pytest.mark.parametrize(
    ("enough", "gap", "examples", "approach"),
    [
        (True, "both", 5000, "Prompt"),
        (False, "knowledge", 5000, "RAG"),
        (False, "behaviour", 50, "Fine-tune"),
        (False, "behaviour", 49, "Prompt"),
        (False, "both", 50, "Hybrid"),
        (False, "both", 49, "RAG"),
    ],
)
def test_the_framework_asks_for_the_prompt_first_then_the_gap_then_the_examples(enough, gap, examples, approach):
    assert recommend(Problem(enough, gap, examples)).approach == approach


@pytest.mark.parametrize("gap", ["behaviour", "knowledge", "both"])
@pytest.mark.parametrize("examples", [0, 500])
@pytest.mark.parametrize("enough", [True, False])
def test_every_road_follows_drawn_arrows_to_the_recommendation(enough, gap, examples):
    problem = Problem(enough, gap, examples)
    taken = road(problem)
    arrows = {(start, end) for start, end, _ in ROADS}
    assert set(zip(taken, taken[1:], strict=False)) <= arrows
    assert taken[-1] == recommend(problem).approach and set(taken) <= set(BOXES)


def test_few_stable_facts_are_better_put_into_a_long_context():
    advice = recommend(Problem(False, "knowledge", 0, facts="small")).advice
    assert any("long context" in line for line in advice)


def test_private_data_calls_for_open_weights_whatever_the_approach():
    for gap in ("behaviour", "knowledge", "both"):
        assert any("open-weights" in line for line in recommend(Problem(False, gap, 500, private=True)).advice)


def test_the_picture_names_the_recommendation_and_its_reason():
    fig, alt, text = draw_decision(Problem(False, "both", 500))
    assert fig.axes[0].get_title(loc="left") == "Your answers lead to: Hybrid"
    assert "Hybrid" in alt and "Hybrid" in text


def test_the_explorer_leaves_a_picture_where_no_widget_can_be_drawn(capsys):
    explore_decision()
    assert "The decision as a tree" in capsys.readouterr().out
