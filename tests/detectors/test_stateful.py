"""A state that is carried from frame to frame, against a recurrence written as a loop."""

import itertools

import numpy as np
import pytest

from tests.detectors.test_detectors import Moving, World, config, video
from tests.detectors.test_hidden_states import leaves
from vadjax import config as configs
from vadjax.data.video import Video
from vadjax.detectors.stateful import FOLLOWED, warm_up_of
from vadjax.errors import UserError
from vadjax.scoring import carried


def fitted(tmp_path, **changes):
    world = World(tmp_path, config(detector__name="stateful", **changes))
    detector = world.run.make_detector("stateful")
    train = [world.clip(video(f"train/{n}", n)) for n in range(2)]
    held_out = [world.clip(video("train/9", 9))]
    return world, detector, detector.fit(train, held_out, seed=0, progress=world.progress)


def errors_of_a_loop(state, rows):
    """Squared error of each row by a simple RNN that has read all rows before it."""
    p = state["variables"]["params"]
    found = [np.asarray(x, np.float64) for x in leaves(p["forward_0"])]
    (width,) = {x.shape[0] for x in found if x.ndim == 2 and x.shape[0] == x.shape[1]}
    recurrent = next(x for x in found if x.shape == (width, width))
    kernel = next(x for x in found if x.ndim == 2 and x.shape != (width, width))
    bias = sum(x for x in found if x.ndim == 1)
    out = p["output_head"]["output"]
    rows = (np.asarray(rows, np.float64) - state["mean"]) / state["std"]
    h, scores = np.zeros(width), []
    for row, following in itertools.pairwise(rows):
        h = np.tanh(row @ kernel + bias + h @ recurrent)
        expected = h @ np.asarray(out["kernel"], np.float64) + np.asarray(out["bias"])
        scores.append(np.square(expected - following).mean())
    return np.array(scores)


def test_a_score_hangs_on_all_frames_before(tmp_path):
    world, detector, state = fitted(tmp_path, model__name="simple_rnn")
    clip = world.clip(video("test/5", 5))
    rows = clip.rows("features")
    scored = detector.score(state, clip)
    np.testing.assert_allclose(scored.scores[1:], errors_of_a_loop(state, rows), rtol=2e-4)
    assert (
        scored.predicted.tolist() == [False] + [True] * 23 and scored.scores[0] == scored.scores[1]
    )
    changed = detector.scores(state, np.concatenate([rows[:1] + 3, rows[1:]]))
    windows = world.run.config.window.length
    assert (changed != detector.scores(state, rows))[windows + 1]  # a window would not see frame 0


@pytest.mark.parametrize("name", ["simple_rnn", "lstm", "gru", "lstm_gru"])
def test_a_video_is_read_in_chunks(tmp_path, monkeypatch, name):
    units = (4, 4) if name == "lstm_gru" else (4,)
    world, detector, state = fitted(tmp_path, model__name=name, model__units=units)
    rows = world.clip(video("test/5", 5)).rows("features")
    whole = detector.scores(state, rows)
    monkeypatch.setattr(carried, "CHUNK", 5)
    np.testing.assert_allclose(detector.scores(state, rows), whole, rtol=1e-6, atol=1e-6)


def test_a_step_is_a_window_that_begins_with_the_video(tmp_path):
    """The first windows of `window_model` begin with the video too, where nothing is carried."""
    world, detector, state = fitted(tmp_path)
    clip = world.clip(video("test/5", 5))
    windowed = world.run.make_detector("window_model").score(state, clip).scores
    own = detector.score(state, clip).scores
    length = world.run.config.window.length
    np.testing.assert_allclose(own[:length], windowed[:length], rtol=1e-5)
    assert np.abs(own - windowed)[length:].mean() > 1e-4


def test_a_warm_up_is_measured():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(20, 60))
    late = whole + np.where(np.arange(60) < 7, 0.2, 0.01)
    assert warm_up_of(list(zip(whole, late, strict=True))) == (7, True)
    assert warm_up_of(list(zip(whole, whole + 0.2, strict=True))) == (60, False)
    assert warm_up_of(list(zip(whole, whole, strict=True))) == (0, True)
    assert warm_up_of([]) == (0, False)


def test_its_warm_up_is_stated(tmp_path):
    _, detector, state = fitted(tmp_path)
    facts = detector.describe(state)
    assert 0 <= facts["warm_up_frames"] <= FOLLOWED and facts["model"] == "lstm"


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"model__name": "tcn"}, "model 'tcn' has none: set model.name=simple_rnn"),
        ({"model__bidirectional": True}, "set model.bidirectional=False"),
        ({"objective__name": "reconstruct"}, "objective 'reconstruct' wants a whole window"),
    ],
)
def test_what_carries_no_state_is_refused(changes, words):
    with pytest.raises(UserError, match=words):
        configs.validate(config(detector__name="stateful", **changes))


def test_a_video_of_one_frame_has_a_score(tmp_path):
    world, detector, state = fitted(tmp_path)
    one = Video(id="test/1", split="test", frames=Moving(5, 1), fps=10.0)
    scored = detector.score(state, world.clip(one))
    assert scored.scores.tolist() == [0.0] and scored.predicted.all()
