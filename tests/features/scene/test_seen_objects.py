"""Rows of an object detector: which frames are looked at, and boxes in the working frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import drawn
from vadjax.features.scene.seen_objects import (
    NOT_LOOKED,
    NUM_OBJECTS,
    RATE,
    ObjectMeter,
    is_look,
    objects_of,
)

CAMERA = drawn.reference(drawn.backdrop(), body=16)


@given(st.floats(1.0, 60.0), st.integers(1, 400))
def test_looks_begin_with_the_first_frame_and_keep_their_rate(fps, count):
    looks = is_look(np.arange(count), fps)
    assert looks[0]
    wanted = count * min(1.0, RATE / fps)
    assert abs(looks.sum() - wanted) <= 1
    apart = np.diff(np.flatnonzero(looks))
    assert len(apart) == 0 or apart.max() - apart.min() <= 1


def test_rows_hold_what_was_seen_in_pixels_of_the_working_frame():
    height, width = CAMERA.frame_shape
    frames = [np.full((height, width, 3), n, np.uint8) for n in range(13)]

    def seen(frame):  # a box more in each frame
        number = int(frame[0, 0, 0])
        return [(0, 1.0 / (k + 1), (k, 2 * k, k + 4, 2 * k + 8)) for k in range(number)]

    whole = ObjectMeter(drawn.Objects(seen), CAMERA, 9.0).update(frames)
    assert whole.shape == (13, NUM_OBJECTS, 6)
    for number, row in enumerate(whole):
        found = objects_of(row)
        if number % 3:
            assert found is None and row[0, -1] == NOT_LOOKED
        else:
            assert found.shape == (number, 6)
            scale = CAMERA.shape[1] / width, CAMERA.shape[0] / height
            boxes = np.array([[k, 2 * k, k + 4, 2 * k + 8] for k in range(number)]).reshape(-1, 4)
            np.testing.assert_allclose(found[:, :4], boxes * np.tile(scale, 2), rtol=1e-6)
    meter = ObjectMeter(drawn.Objects(seen), CAMERA, 9.0)
    parts = [meter.update(frames[i : i + 5]) for i in (0, 5, 10)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_no_more_objects_are_kept_than_there_is_room_for():
    many = [(1, 0.5, (0, 0, 4, 4))] * (NUM_OBJECTS + 5)
    frame = np.zeros((*CAMERA.frame_shape, 3), np.uint8)
    found = ObjectMeter(drawn.Objects(lambda frame: many), CAMERA, 1.0).update([frame])
    assert objects_of(found[0]).shape == (NUM_OBJECTS, 6)
    assert found[0, 0, -1] == pytest.approx(0.5)
