"""Which frames a fit has read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches, stretches_of
from vadjax.data.splits.units import Segment, Units

SEGMENTS = (Segment("a", 5, 15), Segment("b", 0, 4), Segment("a", 15, 20), Segment("c", 7, 7))


def frames_of(found):
    return {(video, frame) for video, start, stop in found for frame in range(start, stop)}


@given(st.lists(st.integers(0, 18)))
def test_they_are_the_frames_of_the_rows(rows):
    frames = [(s.video_id, frame) for s in SEGMENTS for frame in range(s.start, s.stop)]
    found = stretches(SEGMENTS, np.array(rows, int))
    assert frames_of(found) == {frames[row] for row in rows}
    assert found == sorted(found)
    ends = {(video, stop) for video, _, stop in found}
    assert not ends & {(video, start) for video, start, _ in found}  # neighbours are joined


def test_windows_count_each_row_once():
    assert stretches(SEGMENTS, np.array([[0, 1], [1, 2], [12, 13]])) == [("a", 5, 8), ("b", 2, 4)]
    assert stretches((), np.zeros((0, 4), int)) == []


@pytest.mark.parametrize("chosen", [slice(None), slice(2, 4)])
def test_clips_are_read_by_their_rows(chosen):
    segment = Segment("a", 10, 16)
    clips = [Clip("a", Units((segment,)), (), lambda name, segment: np.zeros(6))] * 2
    want = [("a", 10, 16)] if chosen == slice(None) else [("a", 12, 14)]
    assert stretches_of(clips, lambda clip: np.arange(len(clip))[chosen]) == want
