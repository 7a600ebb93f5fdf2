"""Windows as rows of fixed size."""

import numpy as np

from tests import drawn
from vadjax.features.scene.meter import CROP, NUM_WINDOWS, Measured
from vadjax.features.scene.rows import PLACE, scene_spec, window_rows


def frame(centres):
    cells = np.zeros((2, 3, 5), np.float16)
    crops = np.zeros((len(centres), CROP, CROP), np.uint8)
    return Measured(cells, np.array(centres, np.float32).reshape(-1, 2), crops)


def test_each_window_keeps_its_place_and_its_own_embedding():
    frames = [frame([(1, 2), (3, 4)]), frame([]), frame([(5, 6)])]
    looks = np.arange(12, dtype=np.float16).reshape(3, 4)
    rows = window_rows(frames, looks)
    assert rows.shape == (3, NUM_WINDOWS, PLACE + 4) and rows.dtype == np.float16
    np.testing.assert_array_equal(rows[0, :2], [[1, 2, 0, 1, 2, 3], [3, 4, 4, 5, 6, 7]])
    np.testing.assert_array_equal(rows[2, 0], [5, 6, 8, 9, 10, 11])
    there = np.isfinite(rows)
    assert (there.all(-1) == there.any(-1)).all()  # a window is there, or NaN as a whole
    np.testing.assert_array_equal(there.all(-1).sum(1), [2, 0, 1])


def test_as_many_windows_as_fit_and_none():
    full = frame([(k, k) for k in range(NUM_WINDOWS)])
    rows = window_rows([full], np.ones((NUM_WINDOWS, 1), np.float16))
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(rows[0, :, 0], np.arange(NUM_WINDOWS))
    empty = window_rows([frame([])], np.zeros((0, 4), np.float16))
    assert empty.shape == (1, NUM_WINDOWS, PLACE + 4) and np.isnan(empty).all()


def test_the_description_changes_with_camera_and_network():
    back = drawn.backdrop()
    other = back.copy()
    other[0, 0] += 1
    specs = [
        scene_spec(drawn.reference(back), looks={"tap": "a"}),
        scene_spec(drawn.reference(back), looks={"tap": "b"}),
        scene_spec(drawn.reference(other), looks={"tap": "a"}),
        scene_spec(drawn.reference(back, body=17), looks={"tap": "a"}),
    ]
    assert specs[0] == scene_spec(drawn.reference(back), looks={"tap": "a"})
    assert all(specs[0] != one for one in specs[1:])
