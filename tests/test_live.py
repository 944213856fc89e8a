"""A run is shown while it runs: in a notebook as a bar and a figure, elsewhere as lines of text."""

import math
from types import SimpleNamespace

import pytest

from course import live as module
from course.live import LiveTraining, draw_run

STEPS = 4


def follow(live, losses, steps=STEPS, begin=0, history=()):
    """Play a run's events to `live`, the way the trainer does."""
    state = SimpleNamespace(global_step=begin, max_steps=steps, log_history=list(history))
    live.on_train_begin(None, state, None)
    for loss in losses:
        state.global_step += 1
        live.on_step_end(None, state, None)
        live.on_log(None, state, None, logs={"loss": loss, "grad_norm": 1.0})
    live.on_log(None, state, None, logs={"eval_loss": 0.5})
    live.on_save(None, state, None)
    live.on_train_end(None, state, None)
    return live


class Screen:
    """Stands for a notebook's output: remembers what was shown last in each place."""

    def __init__(self):
        self.places, self.updates = [], 0

    def display(self, bundle, raw, display_id):
        place = Place(self, bundle)
        self.places.append(place)
        return place

    @property
    def texts(self):
        return [place.bundle["text/plain"] for place in self.places]


class Place:
    def __init__(self, screen, bundle):
        self.screen, self.bundle = screen, bundle

    def update(self, bundle, raw):
        self.bundle = bundle
        self.screen.updates += 1


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(module, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(module, "display", screen.display)
    monkeypatch.setattr("course.figures.display", screen.display)
    return screen


def test_outside_a_notebook_a_run_is_told_in_lines_on_stdout(capsys):
    follow(LiveTraining("Triage"), [3.0, 2.0, 1.0, 0.5])
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "Triage: step 1 of 4, loss 3"
    assert out.splitlines()[-1].startswith("Triage: 4 steps in ")
    assert err == ""


def test_in_a_notebook_one_bar_and_one_figure_stay(screen, capsys):
    follow(LiveTraining("Triage"), [3.0, 2.0, 1.0, 0.5])
    bar, figure = screen.texts
    assert bar.startswith("Triage: 4 steps in ")
    assert figure == (
        "Triage: training loss from 3 at step 1 to 0.5 at step 4; validation loss from 0.5 at step 4 to 0.5 at step 4; "
        "checkpoints at steps 4; 4 steps in all."
    )
    assert 'src="data:image/png;base64,' in screen.places[1].bundle["text/html"]
    assert capsys.readouterr() == ("", "")


def test_the_bar_says_how_much_time_is_left(screen, monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    live = LiveTraining("Triage")
    state = SimpleNamespace(global_step=0, max_steps=100, log_history=[])
    live.on_train_begin(None, state, None)
    state.global_step = 20
    live.on_step_end(None, state, None)
    assert screen.texts[0].startswith("Triage: step 20 of 100, about ")
    assert screen.texts[0].endswith(" left")


def test_a_resumed_run_brings_its_earlier_losses_along(screen):
    history = [{"loss": 3.0, "step": 1}, {"loss": 2.0, "step": 2}]
    live = follow(LiveTraining("Triage"), [1.0, 0.5], begin=2, history=history)
    assert live.train == [(1, 3.0), (2, 2.0), (3, 1.0), (4, 0.5)]
    assert "(resumed at step 2)" in screen.texts[0]
    assert "resumed at step 2" in screen.texts[1]


def test_a_run_that_was_over_before_says_so(screen):
    live = follow(LiveTraining("Triage"), [9.0], begin=4, history=[{"loss": 1.0, "step": 4}])
    assert live.train == [(4, 1.0)], "transformers takes one step more; it is not part of the run"
    assert screen.texts[0] == "Triage: all 4 steps were done before; nothing is left to train"


def test_a_title_cannot_inject_markup(screen):
    follow(LiveTraining("<script>"), [1.0])
    assert "<script>" not in screen.places[0].bundle["text/html"]


@pytest.mark.parametrize("loss", [math.nan, math.inf, 1e30])
def test_a_loss_that_explodes_can_be_drawn(loss):
    fig, alt = draw_run([(1, 2.0), (2, loss)], [(2, 2.5)], [], 2, "Diverged")
    assert fig.axes[0].get_ylim()[1] < 10
    assert "validation loss" in alt


def test_watching_takes_the_place_of_the_librarys_own_display():
    removed, added = [], []
    trainer = SimpleNamespace(remove_callback=removed.append, add_callback=added.append)
    live = module.watch(trainer, "Triage")
    assert added == [live]
    assert {callback.__name__ for callback in removed} == {
        "PrinterCallback",
        "ProgressCallback",
        "NotebookProgressCallback",
    }
