"""Frames that are altered: closed forms, and the same at every reading."""

import cv2
import numpy as np
import pytest

from vadjax.data.frames.altered import ALTERATIONS, AlteredFrames
from vadjax.data.frames.on_demand import ArrayFrames


@pytest.fixture
def frames(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "clip.npy", rng.integers(40, 200, (4, 48, 64, 3), np.uint8))
    return ArrayFrames(tmp_path / "clip.npy")


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_reading_one_is_reading_all_and_every_time_the_same(frames, kind):
    alter, _, strengths = ALTERATIONS[kind]
    made = AlteredFrames(frames, alter, strengths[-1])
    whole = np.stack(list(made))
    assert whole.dtype == np.uint8 and whole.shape == (4, 48, 64, 3) and made.shape == (48, 64)
    np.testing.assert_array_equal(np.stack([made[i] for i in (0, 1, 2, 3)]), whole)
    assert (whole != np.stack(list(frames))).any()


def test_noise_has_the_deviation_asked_for_and_is_another_in_each_frame(frames):
    alter = ALTERATIONS["noise"].alter
    added = np.stack(list(AlteredFrames(frames, alter, 5.0))) - np.stack(list(frames)).astype(float)
    assert added.std() == pytest.approx(5.0, rel=0.05) and abs(added.mean()) < 0.2
    assert np.corrcoef(added[0].ravel(), added[1].ravel())[0, 1] < 0.05


def test_light_is_a_factor_that_ends_at_white(frames):
    alter, plain = ALTERATIONS["brighter"].alter, np.stack(list(frames)).astype(float)
    bright = np.stack(list(AlteredFrames(frames, alter, 1.6)))
    np.testing.assert_array_equal(bright, np.minimum(np.rint(plain * 1.6), 255))


def test_blur_of_a_dot_is_the_gaussian(tmp_path):
    dot = np.zeros((1, 33, 33), np.uint8)
    dot[0, 16, 16] = 255
    np.save(tmp_path / "dot.npy", dot)
    alter = ALTERATIONS["blur"].alter
    found = AlteredFrames(ArrayFrames(tmp_path / "dot.npy"), alter, 2.0)[0].astype(float)
    y, x = np.mgrid[-16:17, -16:17]
    wanted = 255 * np.exp(-(x**2 + y**2) / 8) / (2 * np.pi * 4)
    assert np.abs(found - wanted).max() <= 1


def test_jpeg_is_that_of_the_quality(frames):
    alter = ALTERATIONS["jpeg"].alter
    coded = cv2.imencode(".jpg", frames[0], [cv2.IMWRITE_JPEG_QUALITY, 5])[1]
    found = AlteredFrames(frames, alter, 5)[0]
    np.testing.assert_array_equal(found, cv2.imdecode(coded, cv2.IMREAD_COLOR))
