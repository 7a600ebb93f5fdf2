"""Reliability of probabilities against scikit-learn and hand cases."""

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.reliability import NO_PROBABILITIES, reliability_part


def video(scores, labels, name="a"):
    return ScoredVideo(name, np.float32(scores), labels=np.uint8(labels))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.integers(0, 1)), min_size=2, max_size=80))
def test_bins_are_those_of_scikit_learn(frames):
    scores, labels = np.array(frames).T
    inside = np.abs(scores * 10 - np.round(scores * 10)) > 1e-3  # not on the edge of a bin
    scores, labels = np.float32(scores[inside]), labels[inside]
    if not len(scores):
        return
    half = len(scores) // 2
    videos = [video(scores[:half], labels[:half]), video(scores[half:], labels[half:], "b")]
    part, reasons = reliability_part(videos[not half :], probabilities=True)
    share, mean = sklearn.calibration.calibration_curve(labels, scores, n_bins=10)
    assert not reasons
    assert [row["mean_score"] for row in part["bins"]] == pytest.approx(mean.tolist(), abs=1e-6)
    assert [row["abnormal"] for row in part["bins"]] == pytest.approx(share.tolist())
    assert part["brier"] == pytest.approx(
        sklearn.metrics.brier_score_loss(labels, scores, pos_label=1), abs=1e-6
    )


def test_the_error_is_weighted_by_frames():
    part, _ = reliability_part(
        [video([0.05] * 8 + [0.95] * 2, [0] * 8 + [1, 0])], probabilities=True
    )
    assert part["ece"] == pytest.approx(0.8 * 0.05 + 0.2 * 0.45)
    assert [row["frames"] for row in part["bins"]] == [8, 2]
    assert [row["from"] for row in part["bins"]] == [0, 0.9]
    perfect, _ = reliability_part([video([0.0, 1.0], [0, 1])], probabilities=True)
    assert perfect["ece"] == perfect["brier"] == 0


def test_what_is_no_probability_has_none():
    some = [video([0.1, 0.2], [0, 1])]
    assert reliability_part(some, probabilities=False)[1] == {"reliability": NO_PROBABILITIES}
    part, reasons = reliability_part([video([0.1, 1.2], [0, 1])], probabilities=True)
    assert part is None and "between 0 and 1" in reasons["reliability"]
    assert reliability_part([], probabilities=True)[1] == {"reliability": "no labels"}
