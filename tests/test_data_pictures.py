"""The pictures of lesson 3 say their numbers in words, for those who cannot see them."""

from course.pictures.data import draw_faults, draw_intents, draw_similarities


def test_the_picture_of_wrong_labels_names_both_ways_of_answering():
    fig, alt = draw_intents({"right labels": (100, 98), "at random": (99.6, 77)})
    assert alt.endswith("right labels: 100 % and 98 %; at random: 100 % and 77 %.")
    assert [text.get_text() for text in fig.axes[0].get_legend().get_texts()][1] == "drawn (temperature 1)"


def test_the_picture_of_copies_counts_what_reaches_the_threshold():
    _, alt = draw_similarities([0.1, 0.48], [0.0, 0.8, 1.0], threshold=0.8)
    assert "at most 0.48" in alt
    assert "2 of 3 are at 0.8 or more" in alt


def test_the_picture_of_the_faults_has_a_panel_for_each():
    panels = [(f"fault {number}", "right (%)", ("clean", "spoilt"), (90 + number, 40)) for number in range(4)]
    fig, alt = draw_faults(panels)
    assert len(fig.axes) == 4
    assert "fault 3, right (%): clean 93, spoilt 40." in alt
