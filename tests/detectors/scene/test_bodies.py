"""Rows of a frame to bodies: places and velocities, by hand."""

import numpy as np

from tests import drawn
from vadjax.detectors.scene import bodies as module
from vadjax.detectors.scene.bodies import PATH, BodyReader

CAMERA = drawn.reference(drawn.backdrop(), body=16)
SHARE = 0.5


def rows(flow, places, share=SHARE):
    cells = np.zeros((12, 16, 5), np.float32)
    cells[..., :2], cells[..., 2] = np.array(flow) * share, share
    windows = np.full((4, 2 + 3), np.nan, np.float16)
    for number, place in enumerate(places):
        windows[number] = [*place, number, number, number]
    return cells, windows


def test_places_heights_and_looks_are_those_of_the_row():
    camera = drawn.reference(drawn.backdrop())
    camera.body[:] = np.arange(96)
    found = BodyReader(camera, 10.0).update(*rows((0, 0), [(20, 40), (100.5, 8)]))
    np.testing.assert_array_equal(found.centres, [[20, 40], [100.5, 8]])
    np.testing.assert_array_equal(found.height, [40, 8])
    np.testing.assert_array_equal(found.looks, [[0, 0, 0], [1, 1, 1]])
    np.testing.assert_array_equal(found.places, [[5, 1], [2, 12]])
    assert len(found) == 2


def test_the_nearest_body_of_a_cell_is_by_cells():
    found = drawn.bodies([(4, 4), (60, 40), (68, 52)])
    assert found.nearest((5, 8)) == (1, 1.0) and found.nearest((0, 0)) == (0, 0.0)
    assert found.nearest((6, 9))[0] == 2 and drawn.bodies([]).nearest((0, 0)) == (None, np.inf)


def test_velocity_is_in_heights_a_second_and_specks_are_slowed():
    for share in (1.0, 0.5, 0.1):
        reader = BodyReader(CAMERA, 25.0)
        for _ in range(PATH + 2):
            found = reader.update(*rows((2, -1), [(64, 48)], share))
        wanted = np.array([[2, -1]]) * 25 / 16 * share / (share + module._PRIOR)
        np.testing.assert_allclose(found.velocity, wanted, rtol=1e-3)


def test_without_foreground_there_is_no_velocity():
    found = BodyReader(CAMERA, 25.0).update(*rows((2, -1), [(64, 48)], 0.01))
    np.testing.assert_array_equal(found.velocity, [[0, 0]])


def test_velocity_is_averaged_along_the_path_not_at_the_place():
    """A body that moves a cell a frame into cells where nothing moved before."""
    reader = BodyReader(CAMERA, 10.0)
    for frame in range(PATH):
        cells, windows = rows((0, 0), [(12 + 8 * frame, 48)], 0.0)
        cells[6, 1 + frame, :3] = [8 * SHARE, 0, SHARE]  # there alone, now
        found = reader.update(cells, windows)
    wanted = 8 * SHARE / (SHARE + module._PRIOR) * 10 / 16
    np.testing.assert_allclose(found.velocity, [[wanted, 0]], rtol=1e-3)


def test_a_velocity_is_whole_from_the_second_frame_on():
    reader, found = BodyReader(CAMERA, 10.0), []
    for frame in range(8):  # the first frame has no flow
        found.append(reader.update(*rows((2 * (frame > 0), 0), [(64, 48)])).velocity[0, 0])
    wanted = 2 * 10 / 16 * SHARE / (SHARE + module._PRIOR)
    np.testing.assert_allclose(found, [0] + [wanted] * 7, rtol=1e-3)


def test_only_the_last_frames_count():
    reader = BodyReader(CAMERA, 10.0)
    for _ in range(20):
        reader.update(*rows((5, 0), [(64, 48)]))
    for _ in range(PATH):
        found = reader.update(*rows((0, 0), [(64, 48)]))
    np.testing.assert_array_equal(found.velocity, [[0, 0]])


def test_a_frame_without_windows_has_no_bodies():
    found = BodyReader(CAMERA, 10.0).update(*rows((1, 1), []))
    assert len(found) == 0 and found.velocity.shape == (0, 2) and found.looks.shape == (0, 3)
