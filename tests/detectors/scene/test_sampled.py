"""Frames of a clip that are looked at: evenly spaced, few, and with their true numbers."""

import numpy as np
import pytest

from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment, Units
from vadjax.detectors.scene.sampled import MOST, sampled


@pytest.mark.parametrize(("length", "start"), [(1, 0), (100, 50), (300, 150), (1000, 1)])
def test_the_values_are_those_of_the_numbered_frames(length, start):
    cells = np.zeros((length, 2, 3, 5), np.float16)
    cells[..., 2] = np.arange(length)[:, None, None]  # the channel "share"
    clip = Clip("a", Units((Segment("a", 0, length),)), (), lambda name, segment: cells)
    numbers, values = sampled(clip, "share", start=start)
    np.testing.assert_array_equal(values[:, 0, 0], numbers)
    assert numbers[0] == start and len(set(np.diff(numbers).tolist())) <= 1
    assert min(length - start, MOST / 2) <= len(numbers) <= MOST
