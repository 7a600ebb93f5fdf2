"""Bodies that are followed, against where they were drawn."""

import dataclasses

import numpy as np
import pytest

from tests import drawn
from tests.pseudo.walkers import BACK, CAMERA, FPS, walk
from vadjax.pseudo import tracks as module
from vadjax.pseudo.tracks import MARGIN, Track, body_at, follow


def followed(frames, camera=CAMERA):
    return follow(frames, camera, clip="a", fps=FPS)


def test_a_body_is_where_it_was_drawn():
    frames = walk(2.0, number=40)
    [track] = followed(frames)
    assert len(track) == 40
    wanted = np.stack([11 + 2.0 * np.arange(40), np.full(40, 58)], axis=1)
    np.testing.assert_allclose(track.feet, wanted, atol=1.5)
    np.testing.assert_allclose(track.height, 20, atol=2)
    np.testing.assert_allclose(track.velocity, [2.0 * FPS / 20, 0], atol=0.12)
    assert track.length == pytest.approx(39 * 2 / 20, abs=0.5)


def test_its_pictures_are_pixels_of_the_frames():
    frames = walk(2.0, number=30)
    [track] = followed(frames)
    for frame, (x, y), tall, (picture, mask) in zip(
        frames, track.feet, track.height, track.pictures, strict=True
    ):
        left, top = round(x - (mask.shape[1] - 2 * MARGIN) / 2) - MARGIN, int(y - tall) - MARGIN
        own = frame[top : top + mask.shape[0], left : left + mask.shape[1]]
        np.testing.assert_array_equal(picture, own)
        assert mask.sum() > 150 and not mask[:MARGIN].any() and not mask[:, -MARGIN:].any()
        assert picture[mask > 0].mean() > 160 > 120 > picture[mask == 0].mean()


def test_what_is_much_larger_or_cut_off_is_not_followed():
    large = [drawn.put(BACK.copy(), drawn.texture(60, 20), 30 + k, 20) for k in range(30)]
    edge = [drawn.put(BACK.copy(), drawn.texture(20, 10), 30 + k, 77) for k in range(30)]
    assert not followed(large) and not followed(edge)


def test_a_jump_ends_a_track():
    frames = walk(2.0, number=20) + walk(2.0, number=20)
    assert [len(track) for track in followed(frames)] == [20, 20]


def test_a_long_walk_is_cut(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_S", 1.6)
    assert max(len(track) for track in followed(walk(2.0, number=40))) == 16


def test_pictures_of_the_farthest_alone_are_kept(monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    frames = walk(0.5, number=20) + walk(2.0, number=20) + walk(1.0, number=20)
    found = followed(frames)
    assert [bool(track.pictures) for track in found] == [False, True, False]


def test_the_path_is_averaged_on_both_sides_alike():
    feet = np.stack([np.arange(20.0), np.zeros(20)], axis=1)
    feet[::2, 1] += 1  # jitter
    track = Track("a", 10.0, feet, np.full(20, 20.0))
    np.testing.assert_allclose(track.path[:, 0], feet[:, 0])  # a straight walk stays
    assert np.ptp(track.path[3:-3, 1]) < 0.2


def test_heights_are_those_of_the_row_of_the_foot():
    rows = np.arange(96) + 0.5
    camera = dataclasses.replace(
        CAMERA, body=(4 + 0.2 * rows).astype(np.float32), frame_shape=(192, 256)
    )
    feet = np.array([40.0, 100.0, 150.0])
    middle = (feet / 2 - 2) / 1.1  # foot = middle + (4 + 0.2 middle) / 2
    np.testing.assert_allclose(body_at(camera, feet), 2 * (4 + 0.2 * middle), rtol=1e-5)
