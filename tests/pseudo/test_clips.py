"""Pseudo-abnormal clips: labels, masks, motion, and the same from the same seed."""

import numpy as np
import pytest

from tests.pseudo.walkers import BACK, FPS, crowd, made, stretch, walk
from vadjax.errors import UserError
from vadjax.pseudo.kinds import KINDS, LATER


@pytest.fixture(scope="module")
def right():
    """Walkers to the right at a height a second, some faster."""
    return crowd(2.0, 1.9, 2.1, 2.2, 1.8)


def foot_of(mask):
    rows, columns = np.nonzero(mask)
    return np.array([(columns.min() + columns.max()) / 2, rows.max()])


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_those_of_the_masks_and_the_rest_is_unchanged(kind, first, right):
    video, normal = made(kind, *right, first=first), right[0][0]
    masks = np.stack([*video.masks])
    np.testing.assert_array_equal(masks.any((1, 2)), video.labels)
    assert video.video_label == 1 and video.labels.sum() > 5
    low, high = (int(share * len(masks)) for share in LATER)
    assert video.labels[0] == first
    if not first:
        assert not video.labels[:low].any() and video.labels[low : high + 25].any()
    for frame, base, mask in zip(video.frames, normal.frames(), masks, strict=True):
        if not mask.any() and kind != "stopped":  # who stops is there before
            far = np.abs(frame.astype(int) - base).max()
            assert far == 0 or np.abs(frame.astype(int) - base).astype(bool).mean() < 0.03
        near = np.zeros(mask.shape, bool)
        rows, _ = np.nonzero(mask)
        if len(rows):
            near[max(rows.min() - 8, 0) : rows.max() + 9, :] = True
            np.testing.assert_array_equal(frame[~near], base[~near])


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_gives_one_clip(kind, right):
    one, same, other = (made(kind, *right, seed=seed) for seed in (3, 3, 4))
    frames = [np.stack([*video.frames]) for video in (one, same, other)]
    np.testing.assert_array_equal(frames[0], frames[1])
    assert (frames[0] != frames[2]).any()
    assert one.fingerprint == same.fingerprint != other.fingerprint
    np.testing.assert_array_equal(one.frames[25], frames[0][25])  # as they are read in order


def speeds(video):
    """Pixels a frame of what is abnormal, while it is wholly inside."""
    feet = [foot_of(mask) for mask in video.masks if mask[:, 3:-3].sum() > 120]
    return np.median(np.diff([foot[0] for foot in feet]))


def test_fast_is_two_to_three_times_as_fast_and_reversed_goes_back(right):
    fast = [speeds(made("fast", *right, first=True, seed=seed)) for seed in range(4)]
    assert all(3.4 < speed < 6.8 for speed in fast), fast
    back = [speeds(made("reversed", *right, first=True, seed=seed)) for seed in range(4)]
    assert all(-2.6 < speed < -1.4 for speed in back), back


def test_where_people_go_both_ways_nothing_is_reversed():
    assert made("reversed", *crowd(2.0, 1.9, -2.0, 2.2, -1.8)) is None


@pytest.mark.parametrize("kind", ["stopped", "left_behind"])
def test_what_stands_does_not_move_and_stays_to_the_end(kind, right):
    video = made(kind, *right, seed=2)
    assert video.labels[-1] == 1
    masks = np.stack([*video.masks])[video.labels > 0]
    union, common = masks.any(0), masks.all(0)
    assert union.sum() < 1.1 * masks.sum((1, 2)).max() and common.any()


def test_who_stops_has_walked_before(right):
    video, normal = made("stopped", *right, seed=2), right[0][0]
    begin = int(np.argmax(video.labels))
    before, base = video.frames[begin - 5], [*normal.frames()][begin - 5]
    assert not video.labels[begin - 5] and (before != base).any()


def test_nothing_serves_where_nobody_was_followed():
    empty = stretch("train/empty", [BACK.copy()] * 20)
    assert all(made(kind, [empty], []) is None for kind in KINDS)


def test_a_stretch_is_a_part_of_its_video(right):
    _, tracks = right
    part = stretch("train/long", walk(2.0, number=40))._replace(start=10, stop=30)
    video = made("left_behind", [part], tracks)
    assert len(video.frames) == len(video.labels) == 20 and video.fps == FPS
    np.testing.assert_array_equal(video.frames[0], part.video.frames[10])


def test_an_unknown_kind(right):
    with pytest.raises(UserError, match=r"'fats' unknown.*Did you mean 'fast'"):
        made("fats", *right)
