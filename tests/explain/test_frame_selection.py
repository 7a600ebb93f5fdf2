"""Which frames are shown: a case by hand, and what must always hold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vadjax.explain.frame_selection import peaks, worst

SCORES = {"a": np.array([1, 9, 8, 2, 7, 0.5]), "b": np.array([3, 6, 3.0])}


def test_peaks_by_hand():
    assert peaks(SCORES, count=3, apart=1) == [("a", 1), ("a", 2), ("a", 4)]
    assert peaks(SCORES, count=3, apart=2) == [("a", 1), ("a", 4), ("b", 1)]
    assert peaks(SCORES, count=3, apart={"a": 4, "b": 1}) == [("a", 1), ("b", 1), ("b", 0)]
    assert peaks(SCORES, count=2, apart=2, lowest=True) == [("a", 5), ("a", 0)]
    assert peaks(SCORES, count=0, apart=2) == peaks({}, count=3, apart=2) == []


def test_the_worst_by_hand():
    labels = {"a": np.array([0, 0, 1, 1, 0, 1])}  # of b nothing is known
    predicted = {"a": np.array([0, 1, 1, 1, 1, 1], bool), "b": np.ones(3, bool)}
    found = worst(SCORES, labels, predicted, count=2, apart=2)
    assert found == {
        "most_abnormal": [("a", 1), ("a", 4)],
        "false_alarms": [("a", 1), ("a", 4)],
        "misses": [("a", 5), ("a", 3)],
    }
    none = worst(SCORES, {}, predicted, count=2, apart=2)
    assert none["false_alarms"] == none["misses"] == []


def test_filled_frames_and_videos_without_frames_are_passed_over():
    predicted = {"a": np.zeros(6, bool), "b": np.ones(3, bool), "c": np.ones(0, bool)}
    scores = {**SCORES, "c": np.zeros(0)}
    assert worst(scores, {}, predicted, count=9, apart=2)["most_abnormal"] == [("b", 1)]


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 20), st.integers(0, 999))
def test_peaks_are_apart_and_in_order(total, count, apart, seed):
    values = np.random.default_rng(seed).random(total)
    found = peaks({"v": values}, count=count, apart=apart)
    frames = [frame for _, frame in found]
    assert 1 <= len(frames) <= count
    assert frames[0] == np.argmax(values)
    assert np.all(np.diff(values[frames]) <= 0)
    assert len(frames) == 1 or np.diff(sorted(frames)).min() >= apart
