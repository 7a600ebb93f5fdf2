"""Detector scene with an object detector: what it names counts, is said, and is streamed."""

import numpy as np
import pytest

from tests import drawn
from tests.detectors.scene.test_detector import BACK, CAMERA, PROGRESS, walk
from vadjax import config as configs
from vadjax.detectors.scene.detector import Scene


def boxes(frame):
    """A box around what is brighter than the background: a bicycle where it is wide."""
    bright = np.argwhere(frame.astype(int) > BACK.max() + 5)
    if not len(bright):
        return []
    (top, left), (bottom, right) = bright.min(0), bright.max(0) + 1
    number = 1 if right - left > 15 else 0
    return [(number, 0.8, (left, top, right, bottom))]


def clip(name, frames):
    return drawn.clip(name, frames, CAMERA, objects=drawn.Objects(boxes))


@pytest.fixture(scope="module")
def fitted():
    config = configs.default_config()
    config.scene.objects = "drawn"
    detector = Scene(config, drawn.frontend(CAMERA, objects=drawn.Objects(boxes)))
    train = [clip(f"train/{n}", walk(1.6 + 0.2 * n, y=36 + n)) for n in range(4)]
    return detector, detector.fit(train, (), seed=0, progress=PROGRESS)


def ride(number=25):
    """Somebody twice as wide goes the way of the walkers, as fast as they go."""
    body = drawn.texture(20, 24)
    return [drawn.put(BACK.copy(), body, 4 + 1.8 * k, 38) for k in range(number)]


def test_what_was_never_named_is_surprising_and_is_said(fitted):
    detector, state = fitted
    assert detector.inputs == ("cells", "windows", "objects")
    assert [*state["cues"]] == ["speed", "look", "course", "still", "objects"]
    walker = detector.score(state, clip("test/0", walk(1.9, y=37)))
    rider = detector.score(state, clip("test/1", ride()))
    assert rider.parts["objects"][10:].min() > walker.parts["objects"].max()
    (finding,) = detector.explain(state, clip("test/1", ride()), [20])
    assert "is called bicycle" in finding.text
    assert detector.describe(state)["objects"] == "person"


def test_the_stream_equals_the_score(fitted):
    detector, state = fitted
    scored = detector.score(state, clip("test/1", ride()))
    stream = detector.stream(state, fps=10.0)
    found = [one for frame in ride() for one in stream.update(frame)]
    scores = np.array([one.score for one in found[1:]])
    np.testing.assert_allclose(scores, scored.scores[1:], atol=1e-6)
    parts = [one.parts["objects"] for one in found[1:]]
    np.testing.assert_allclose(parts, scored.parts["objects"][1:], atol=1e-6)
