"""Deviation of hidden states, against a recurrence written as a loop and SciPy's distances."""

import os
import pathlib
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from tests.detectors.test_detectors import LENGTH, World, config, video
from vadjax import config as configs
from vadjax.detectors.contract import Progress
from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

ROOT = pathlib.Path(__file__).parents[2]


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


def flat(tree):
    """Arrays of nested dicts by their path."""
    return {
        "/".join(map(str, path)): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def assert_same_bits(one, other):
    one, other = flat(one), flat(other)
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_array_equal(one[key], other[key], err_msg=key)


def test_the_training_is_logged_and_goes_on_where_it_stopped(tmp_path):
    _, whole, _ = fitted(world_of(tmp_path / "whole", train__epochs=3))
    fitted(world_of(tmp_path / "cut", train__epochs=1))
    assert [row["epoch"] for row in artifacts.read_history(tmp_path / "cut")] == [1]
    assert (tmp_path / "cut" / "checkpoints" / "last").is_dir()
    _, resumed, _ = fitted(world_of(tmp_path / "cut", train__epochs=3))
    assert [row["epoch"] for row in artifacts.read_history(tmp_path / "cut")] == [1, 2, 3]
    assert_same_bits(resumed, whole)


def test_without_a_folder_nothing_is_kept(tmp_path):
    world = world_of(tmp_path)
    world.progress = Progress(Console(quiet=True))
    fitted(world)
    assert not list(tmp_path.iterdir())


PROGRAM = """
import pathlib, sys
from tests.detectors.test_hidden_states import fitted, world_of
from vadjax.detectors import window_model
folder, kill_at = pathlib.Path(sys.argv[1]), int(sys.argv[2])
reported = window_model.reported
import contextlib
@contextlib.contextmanager
def waiting(*args):
    with reported(*args) as (report, compiling):
        def wait(row):
            done = report(row)
            print(row["epoch"], flush=True)
            if row["epoch"] >= kill_at:
                sys.stdin.read()  # wait here to be killed
            return done
        yield wait, compiling
window_model.reported = waiting
fitted(world_of(folder, train__epochs=5, train__checkpoint_every=1))
"""


@pytest.mark.slow
def test_killed_and_started_again_gives_the_same_bits(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "cut"), "3"],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT},
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    for line in process.stdout:
        if int(line) >= 3:
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdin.close(), process.stdout.close()
    changes = {"train__epochs": 5, "train__checkpoint_every": 1}
    assert len(artifacts.read_history(tmp_path / "cut")) in (2, 3)
    _, resumed, _ = fitted(world_of(tmp_path / "cut", **changes))
    _, whole, _ = fitted(world_of(tmp_path / "whole", **changes))
    assert [row["epoch"] for row in artifacts.read_history(tmp_path / "cut")] == [1, 2, 3, 4, 5]
    assert_same_bits(resumed, whole)


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
