"""Deviation of hidden states, against a recurrence written as a loop and SciPy's distances."""

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from tests.detectors.test_detectors import LENGTH, World, config, video
from vadjax import config as configs
from vadjax.errors import UserError


def world_of(tmp_path, **changes):
    return World(tmp_path, config(detector__name="hidden_states", **changes))


def fitted(world, labels=None):
    train = [world.clip(video("train/0", 0)), world.clip(video("train/1", 1, labels))]
    detector = world.run.make_detector("hidden_states")
    held_out = [world.clip(video("train/9", 9))]
    return detector, detector.fit(train, held_out, seed=0, progress=world.progress), train


def elman(state, clip):
    """Final state of each window of a simple RNN, step by step, frame 0 repeated before."""
    p = state["variables"]["params"]
    found = [np.asarray(x, np.float64) for x in leaves(p["forward_0"])]
    width = next(x.shape[0] for x in found if x.ndim == 2 and x.shape[0] == x.shape[1])
    recurrent = next(x for x in found if x.shape == (width, width))
    kernel = next(x for x in found if x.ndim == 2 and x.shape != (width, width))
    bias = sum(x for x in found if x.ndim == 1)
    rows = (clip.rows("features").astype(np.float64) - state["mean"]) / state["std"]
    states = []
    for end in range(len(rows)):
        h = np.zeros(width)
        for k in range(LENGTH)[::-1]:
            h = np.tanh(rows[max(end - k, 0)] @ kernel + bias + h @ recurrent)
        states.append(h)
    return np.array(states)


def leaves(tree):
    return [y for x in tree.values() for y in (leaves(x) if isinstance(x, dict) else [x])]


@pytest.mark.parametrize("distance", ["euclidean", "mahalanobis"])
def test_a_score_is_the_distance_from_the_mean_state_of_normal_windows(distance, tmp_path):
    world = world_of(tmp_path, model__name="simple_rnn", hidden__distance=distance)
    labels = (np.arange(24) >= 16).astype(np.uint8)
    detector, state, train = fitted(world, labels)
    test = world.clip(video("test/5", 5))
    whole = slice(LENGTH - 1, None)
    normal = np.concatenate([elman(state, train[0])[whole], elman(state, train[1])[whole][:13]])
    away = elman(state, test) - normal.mean(0)
    if distance == "euclidean":
        wanted = np.linalg.norm(away, axis=1)
    else:
        inverse = np.linalg.inv(LedoitWolf().fit(normal).covariance_)
        wanted = np.sqrt(np.einsum("td,de,te->t", away, inverse, away))
    scored = detector.score(state, test)
    np.testing.assert_allclose(scored.scores, wanted, rtol=2e-3, atol=1e-4)
    assert scored.predicted.all()  # the last row of a window is read too


def test_the_state_of_an_encoder_decoder_is_its_encoders(tmp_path):
    named = {"model__name": "lstm_encoder_decoder", "objective__name": "reconstruct"}
    world = world_of(tmp_path, **named, window__dilation=2)
    detector, state, _ = fitted(world)
    one = video("test/5", 5)
    clip = world.clip(one)
    scores = detector.score(state, clip).scores
    stream = detector.stream(state)
    streamed = [result.score for frame in one.frames for result in stream.update(frame)]
    np.testing.assert_allclose(streamed, scores, rtol=1e-5, atol=1e-6)
    # The decoder has no part in it.
    parameters = dict(state["variables"]["params"])
    names = [name for name in parameters if name.startswith(("decoder", "linear"))]
    assert names
    changed = {name: _shifted(parameters[name]) for name in names}
    other = {**state, "variables": {"params": {**parameters, **changed}}}
    np.testing.assert_array_equal(detector.score(other, clip).scores, scores)


def _shifted(tree):
    return {k: _shifted(v) if isinstance(v, dict) else np.asarray(v) + 1 for k, v in tree.items()}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"model__name": "tcn"}, "model 'tcn' is none: set model.name=simple_rnn"),
        ({"model__bidirectional": True}, "set model.bidirectional=False"),
        ({"objective__name": "reconstruct", "model__name": "tcn"}, "does not serve objective"),
        ({"hidden__distance": "cosine"}, "choose one of euclidean, mahalanobis"),
    ],
)
def test_what_has_no_final_state_is_refused(changes, words):
    with pytest.raises(UserError, match=words):
        configs.validate(config(detector__name="hidden_states", **changes))
