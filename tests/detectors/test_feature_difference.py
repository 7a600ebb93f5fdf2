"""The feature difference against NumPy; test_detectors.py holds it to the contract."""

import numpy as np
import pytest

from tests.detectors.test_detectors import World, config, video
from vadjax import detectors
from vadjax.config import default_config
from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment, Units
from vadjax.detectors.contract import Progress
from vadjax.report.texts import BASELINES
from vadjax.runtime.console import Console


def drawn(rows, labels=None) -> Clip:
    """A clip over given rows, whose first frames alone are used where it has fewer than 24."""
    one = video("test/5", 5, labels)
    units = Units((Segment(one.id, 0, len(rows)),))
    return Clip(one.id, units, (one,), lambda name, segment: rows[segment.start : segment.stop])


def fitted(train):
    detector = detectors.create("feature_difference", default_config())
    progress = Progress(Console(quiet=True))
    return detector, detector.fit(train, (), seed=0, progress=progress)


@pytest.mark.parametrize("shape", [(24, 6), (24, 3, 5, 6)])
def test_scores_are_the_steps_of_the_standardised_features(shape):
    """The standardisation is that of the normal training frames alone."""
    rng = np.random.default_rng(0)
    rows = [(3 * rng.random(shape) + 1).astype(np.float16) for _ in range(3)]
    labels = (np.arange(24) >= 16).astype(np.uint8)
    rows[1][16:] += 100  # abnormal
    detector, state = fitted([drawn(rows[0]), drawn(rows[1], labels)])
    flat = [x.astype(np.float64).reshape(24, -1, 6).mean(1) for x in rows]
    normal = np.concatenate([flat[0], flat[1][:16]])
    steps = np.sqrt((((flat[2][1:] - flat[2][:-1]) / normal.std(0)) ** 2).sum(1))
    scored = detector.score(state, drawn(rows[2]))
    np.testing.assert_allclose(scored.scores, [steps[0], *steps], rtol=1e-5)
    assert scored.predicted.tolist() == [False] + 23 * [True]


def test_a_still_video_and_a_single_frame_score_zero():
    rows = np.random.default_rng(0).random((24, 6), np.float32)
    detector, state = fitted([drawn(rows)])
    assert not detector.score(state, drawn(np.repeat(rows[:1], 24, 0))).scores.any()
    alone = detector.score(state, drawn(rows[:1]))
    assert alone.scores.tolist() == [0.0] and alone.predicted.all()


def test_a_stream_over_maps_gives_the_scores_of_batch_scoring(tmp_path):
    world = World(tmp_path, config(features__tap="map", features__height=64, features__width=96))
    detector = world.run.make_detector("feature_difference")
    state = detector.fit([world.clip(video("train/0", 0))], (), seed=0, progress=world.progress)
    one = video("test/5", 5)
    batch, stream = detector.score(state, world.clip(one)), detector.stream(state)
    results = [result for frame in one.frames for result in stream.update(frame)]
    assert results[0].score is None and not stream.close()
    scores = [result.score for result in results[1:]]
    np.testing.assert_allclose(scores, batch.scores[1:], rtol=1e-6, atol=1e-6)


def test_it_is_no_baseline_of_other_runs():
    assert "feature_difference" not in detectors.baselines("segment", ("features", "motion"))
    assert "feature_difference" not in {row.key for row in BASELINES}  # no column of tables
