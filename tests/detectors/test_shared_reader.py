"""Streams of several folds read each frame once."""

import numpy as np
import pytest

from tests.detectors.test_detectors import World, config, fitted, video
from vadjax.detectors.frontend import Frontend
from vadjax.detectors.shared_reader import SharedReader
from vadjax.features.scene.meter import SceneMeter


def test_a_frame_is_read_once_for_all():
    seen = []
    shared = SharedReader(lambda frame: seen.append(frame) or 10 * frame)
    one, other = shared.reader(), shared.reader()
    assert [(one(frame), other(frame)) for frame in (1, 2, 2)] == [(10, 10), (20, 20), (20, 20)]
    assert seen == [1, 2, 2]


def test_a_stream_that_falls_behind_is_no_silent_error():
    shared = SharedReader(lambda frame: frame)
    one, other = shared.reader(), shared.reader()
    one(1), one(2)
    with pytest.raises(AssertionError, match="together"):
        other(1)


def test_only_streams_made_together_share():
    frontend = Frontend(None, lambda: None)
    made = []
    make = lambda: made.append(0) or (lambda frame: frame)  # noqa: E731
    frontend.shared("a", make), frontend.shared("a", make)
    assert len(made) == 2
    with frontend.sharing():
        frontend.shared("a", make), frontend.shared("a", make), frontend.shared("b", make)
    assert len(made) == 4
    with frontend.sharing():
        frontend.shared("a", make)
    assert len(made) == 5


def test_streams_of_a_scene_measure_a_frame_once(tmp_path, monkeypatch):
    detector, state = fitted(World(tmp_path, config()), "scene")
    alone, one = detector.stream(state), video("", 5)
    wanted = [alone.update(frame)[0].score for frame in one.frames]
    measured, update = [], SceneMeter.update
    monkeypatch.setattr(
        SceneMeter, "update", lambda self, frame: measured.append(0) or update(self, frame)
    )
    with detector.frontend.sharing():
        streams = [detector.stream(state) for _ in range(2)]
    scores = [[stream.update(frame)[0].score for stream in streams] for frame in one.frames]
    assert len(measured) == len(one.frames)
    np.testing.assert_array_equal(
        np.array(scores, np.float64), np.array([wanted] * 2, np.float64).T
    )
