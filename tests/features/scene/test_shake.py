"""Shifts of frames against the background, which are known because they were made."""

import cv2
import numpy as np
import pytest

from tests import drawn
from vadjax.features.scene.meter import CHANNELS, SceneMeter
from vadjax.features.scene.shake import Shake

SHAPE = (192, 256)
BACK = drawn.backdrop(SHAPE)
CAMERA = drawn.reference(BACK, body=40)
MOST = 5.0  # an eighth of a body


def shifted(frame, x, y):
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return cv2.warpAffine(frame, move, frame.shape[::-1], borderMode=cv2.BORDER_REFLECT)


def with_bodies(x=100.0):
    frame = BACK.copy()
    for n, y in enumerate((20, 70, 120)):
        drawn.put(frame, drawn.texture(40, 22, seed=n), x + 30 * n, y)
    return frame


@pytest.mark.parametrize("wanted", [(2.0, 0.0), (-3.0, 2.0), (1.2, -1.2), (2.5, 3.0)])
@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_a_small_shift_is_measured_whatever_moves_and_however_light_it_is(wanted, gain):
    frame = np.rint(shifted(with_bodies(), *wanted) * gain).astype(np.uint8)
    np.testing.assert_allclose(Shake(CAMERA).shift(frame), wanted, atol=0.25)


@pytest.mark.parametrize("small", [(1.0, 0.0), (0.7, -0.7)])
def test_a_slight_offset_is_undone_only_while_the_camera_shakes(small):
    """A camera that was set up again stands a pixel beside its place: resampling would blur it."""
    shake, frame = Shake(CAMERA), shifted(with_bodies(), *small)
    assert shake.shift(frame) == (0.0, 0.0)
    assert shake.shift(shifted(with_bodies(), 3.0, 0.0)) != (0.0, 0.0)
    np.testing.assert_allclose(shake.shift(frame), small, atol=0.25)


@pytest.mark.parametrize("frame", [BACK, with_bodies()])
def test_a_steady_frame_stays_as_it_is(frame):
    shake = Shake(CAMERA)
    shift = shake.shift(frame)
    assert shift == (0.0, 0.0) and shake.undone(frame, shift) is frame


@pytest.mark.parametrize("far", [6.0, 12.0, 40.0])
def test_a_camera_that_was_moved_is_left_where_it_is(far):
    assert Shake(CAMERA).shift(shifted(BACK, far, 0.0)) == (0.0, 0.0)


@pytest.mark.parametrize(
    "ground",
    [np.full(SHAPE, 90, np.uint8), np.tile(np.arange(256, dtype=np.uint8) // 32 * 20, (192, 1))],
    ids=["flat", "upright stripes"],
)
def test_where_the_background_does_not_tell_nothing_is_shifted(ground):
    shake = Shake(drawn.reference(ground, body=40))
    assert shake.shift(shifted(ground, 2.0, 2.0)) == (0.0, 0.0)


def test_undone_is_the_frame_before_with_background_at_the_edge():
    frame = with_bodies()
    back = Shake(CAMERA).undone(shifted(frame, 3.0, -2.0), (3.0, -2.0))
    np.testing.assert_array_equal(back[8:-8, 8:-8], frame[8:-8, 8:-8])
    np.testing.assert_array_equal(back[:2], BACK[:2])  # was out of sight


def test_a_shaken_clip_is_measured_as_a_steady_one():
    rng = np.random.default_rng(0)
    steady, shaken = SceneMeter(CAMERA, 10.0), SceneMeter(CAMERA, 10.0)
    share, flow = CHANNELS.index("share"), slice(0, 2)
    crops = []
    for number in range(8):
        frame = with_bodies(60 + 2.0 * number)
        one = steady.update(frame)
        other = shaken.update(shifted(frame, *rng.uniform(-3, 3, 2)))
        away = np.abs(one.cells.astype(np.float32) - other.cells)
        assert away[..., share].max() < 0.15 and away[..., flow].max() < 0.6
        assert len(one.centres) == len(other.centres) == 3
        left, right = (np.argsort(each.centres[:, 0]) for each in (one, other))
        np.testing.assert_allclose(one.centres[left], other.centres[right], atol=4)
        crops.append(np.median(np.abs(one.crops[left].astype(int) - other.crops[right])))
    assert np.mean(crops) < 12  # cut where bodies are in the shaken frame; else 17
