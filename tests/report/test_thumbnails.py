"""Which frames get a picture, and what it looks like."""

import types

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.report.thumbnails import WIDTH, choose_frames, thumbnails


@given(st.integers(0, 400), st.integers(0, 30), st.integers(0, 1000))
def test_the_peak_and_the_whole_length_are_covered(total, count, seed):
    scores = np.random.default_rng(seed).random(total, np.float32)
    chosen = choose_frames(scores, count)
    assert len(chosen) == len(set(chosen)) <= count
    assert chosen == sorted(chosen)
    assert all(0 <= frame < total for frame in chosen)
    if count >= 4 and total >= count:
        assert int(np.argmax(scores)) in chosen
        assert np.max(np.diff([0, *chosen, total])) <= 2 * total / (count // 2) + 1


@pytest.mark.parametrize("channels", [(), (3,)])
def test_pictures_are_small_and_of_the_right_colour(channels):
    frames = np.zeros((5, 90, 300, *channels), np.uint8)
    frames[2, ...] = (250, 20, 20) if channels else 200
    video = types.SimpleNamespace(frames=frames)
    made = dict(thumbnails(video, np.array([0, 0, 9, 0, 0], np.float32), count=3))
    image = cv2.imdecode(np.frombuffer(made[2], np.uint8), cv2.IMREAD_COLOR_RGB)
    assert image.shape == (round(90 * WIDTH / 300), WIDTH, 3)
    assert np.allclose(image.mean((0, 1)), frames[2].reshape(-1, *channels).mean(0), atol=6)
    assert len(made[2]) < 3000
